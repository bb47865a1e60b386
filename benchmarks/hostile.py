"""How the time to parse grows with the size of hostile text: each pattern at 250 kB, 500 kB and 1 MB.

    python benchmarks/hostile.py

A ratio near 2 is linear; more than 2.6 is too much. The pulldown-cmark column is the bare parser on the same text, the
limit of what is possible. Python's garbage collector is off, as in an ingest: it looks at all objects again and again.
"""

import gc
import itertools
import time
from collections.abc import Callable

import pyromark

from kg.notes.markdown import parse

PATTERNS = (
    "[", "[[", "![[", "]]", "*_", "**a", "[a](", "%%", "%%é", "::", "[a:: ", "(a::(", "#a ", " ^a", "`", "`` ` ",
    "|", "$a$", "<a", "<!--", "[[a]]", "[[a]]\n", "[[a|", "[^a]: ", "&amp;", "\n# a", "\n- a", "\n> ^b\n\n", "\n\n^a",
    "\na::b", "| a ^x ", "\n|a|b|\n|-|-|", "a\n===\n", "%%a%%[", "%%[a]%% ", "x%%y%%[[a]]", "http://a [ ",
    "<!-- [[a]] ", "<!-- [[a]] -->", "%%\n[[a]] %%", "![[a ", "![[a [[b]] ", "[[a $x]] ", "[[$ ", "$ [[a$", "`[[a$", "[[a:: b]] ",
    "\n\na ^b_c", " ^a_", "\n> - a ^x", "# <!--", "\n# a <!--", "k:: 1h 2m, ", "🎯", "\n== 🎯 a:: b", "\n`a`:: b", "```\t\n",
    "\n- [ ] 🔺 ⛔ a,b 🔁 a ", "\n- [ ] ", "⛔ a,", "🔁 a",
    "[[a]] #b [c:: d] ", "é[a:: b] ", "é #a ", "é http://a ", "📅 2024-01-01 ",
)  # fmt: skip
SIZES = (250_000, 500_000, 1_000_000)


def seconds(work: Callable[[], object]) -> float:
    """The processor time of one run, at its best of three."""
    times = []
    for _ in range(3):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return max(min(times), 1e-4)


def bare(text: str) -> object:
    """The Markdown library alone."""
    return sum(1 for _ in pyromark.events_with_range(text, options=pyromark.Options.ENABLE_WIKILINKS))


if __name__ == "__main__":
    gc.disable()
    print(f"{'pattern':<20} {'250 kB':>8} {'500 kB':>8} {'1 MB':>8}   ratios          pulldown-cmark at 1 MB")
    for pattern in PATTERNS:
        texts = [pattern * (size // len(pattern.encode())) for size in SIZES]
        times = [seconds(lambda text=text: parse("x.md", text.encode())) for text in texts]
        ratios = [now / before for before, now in itertools.pairwise(times)]
        limit = seconds(lambda text=texts[-1]: bare(text))
        shown = " ".join(f"{t:8.3f}" for t in times)
        print(
            f"{pattern!r:<20} {shown}   {ratios[0]:5.1f} {ratios[1]:5.1f}   {limit:8.3f}{'  <-- grows too fast' if max(ratios) > 2.6 else ''}"
        )
