"""The size of an answer, in tokens.

No tokenizer is asked, since each model has its own. The rule errs on the safe side: three characters of ASCII are a
token, and three bytes of any other character are two. English text and JSON have about four characters a token, Chinese
about one token a character; the rule counts 1.33 and 2.
"""

MOST = 6_000
"""The tokens of an answer by default."""
LEAST = 400
"""The fewest tokens that an answer can keep to: what says that rows were left out needs some."""


def tokens(text: str) -> int:
    """The tokens of a text, rather too many than too few."""
    size = len(text.encode("utf-8", "surrogatepass"))
    ascii_ = size if size == len(text) else sum(character.isascii() for character in text)
    return -(-(2 * size - ascii_) // 3)


def bounded(most: int, asked: int | None) -> int:
    """The budget of a call that asks for a number of tokens: at most that of the server."""
    return max(LEAST, min(most, asked or most))
