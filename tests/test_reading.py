"""How a note is read: what stands in it, and where (obsidian.md, sections 0, 1, 3, 4, 6, 7 and 8)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kg.frontmatter import parsed, simple

# ---- front matter: the fast reading and libyaml's are one -------------------------------------------------------

# fmt: off
_YAML = st.lists(st.sampled_from([
    "a", "b: ", "key: ", "k:", "\n", "\n  - ", "\n- ", "[", "]", ", ", ",", '"x"', '"[[n|m]]"', '"', "1", "1.50",
    "2024-01-01", "true", "~", "null", " ", "  ", "x y", "é", "日本", "#", " #", "c#", ": ", ":x", "http://a.b/c",
    "\r\n", "'", "|", "> ", "&a", "*a", "{", "}", "?", "!", "%", "@x", "-1", "`", "\t", "\\", "---", "...", "<<: ",
    "\u2028", "\u0085", "\ufeff", "😀", "tags: [a, b]\n", "k: v\n", "l:\n- a\n- b\n",
]), max_size=12).map("".join)
# fmt: on


@given(st.sampled_from(["", "a: ", "a:\n", "a: b\n", "a:\n- x\n", "a: ["]), _YAML)
@settings(max_examples=2000)
def test_what_is_read_line_by_line_is_what_libyaml_reads(start: str, yaml: str) -> None:
    data = f"---\n{start}{yaml}\n".encode()
    value = simple(data, 4, len(data))
    if value is not None:
        slow = parsed(data, 4, len(data))
        assert slow is not None
        assert (value.keys, value.children) == (slow.keys, slow.children)


def test_usual_front_matter_is_read_line_by_line() -> None:
    data = b'title: A note\ntags: [a, b/c]\nup: "[[Above]]"\ndone:\nsee:\n  - "[[x|y]]"\n  - https://a.example/b\n'
    assert simple(data, 0, len(data)) is not None
    assert simple(b"a: &x b\n", 0, 8) is None
