"""Hypothesis strategies: Markdown notes as people write them and as nobody should, and small vaults of them."""

from hypothesis import strategies as st

NASTY = (
    "é",
    "e\u0301",
    "Ångström",
    "A\u030angstro\u0308m",
    "İstanbul",
    "ß",
    "日本語",
    "שלום",
    "مرحبا",
    "\u202eabc\u202c",
    "👩\u200d🚀",
    "🇫🇷",
    "\u00a0",
    "\u2028",
    "\u3000",
    "\x0b",
    "\x0c",
    "\x1b[31m",
    "\ufeff",
    "\ufffc",
    "\ufffe",
    "\U0010ffff",
    "\ue000",
    "\u0660",
)
BRACKETS = (
    "[",
    "]",
    "[[",
    "]]",
    "![[",
    "(",
    ")",
    "{",
    "}",
    "<",
    ">",
    "|",
    "\\",
    "\\|",
    "`",
    "``",
    "$",
    "$$",
    "%%",
    "*",
)
MARKS = (
    "**",
    "_",
    "~~",
    "==",
    "#",
    "##",
    "^",
    "::",
    ":",
    "::::",
    "!",
    "-",
    "+",
    "=",
    "~",
    "&amp;",
    "&#0;",
    '"',
    "'",
    ";",
)
PLAIN = (
    "Lean",
    "Revenue",
    "outcomes over outputs",
    "a",
    "x y",
    "2024-01-02",
    "12",
    "-3.5",
    "true",
    "by",
    "from",
    "and",
)
DOMAIN = (
    "Outcome",
    "Outcomes",
    "Output",
    "Outputs",
    "Resources",
    "Sources",
    "Authors",
    "Definition",
    "Example",
    "Concept",
)
TITLES = (
    "A",
    "B",
    "Note one",
    "Café",
    "Cafe\u0301",
    "Josh Seiden",
    "Outcomes",
    "Größe",
    "日本",
    "a.b",
    "C#",
    "100%",
    "x~2",
)
FOLDERS = ("", "sub/", "Sub/", "deep er/", "é/", "a/b c/")
URLS = (
    "https://example.org/a_b?c=d&e=%20#f",
    "http://é.example/ü",
    "https://example.org/a(b)c",
    "http://[::1]/",
    "http://u:p@h:80/%zz",
    "HTTP://X.example/<",
    "https://example.org/#a#b",
    "http://a:b:c/",
    "file:///etc/passwd",
    "mailto:a@b.example",
    "obsidian://open?vault=x",
)

words = st.one_of(st.sampled_from(PLAIN + DOMAIN), st.sampled_from(NASTY), st.sampled_from(BRACKETS + MARKS))
raw_words = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=8)
texts = st.lists(st.one_of(words, words, raw_words), min_size=0, max_size=4).map(" ".join)
names = st.one_of(st.sampled_from(TITLES), st.sampled_from(TITLES + NASTY), st.sampled_from(DOMAIN))
block_ids = st.sampled_from(("a", "b1", "OutcomesOverOutputs", "x-y", "A"))
subpaths = st.one_of(
    st.just(""),
    names.map("#{}".format),
    st.tuples(names, names).map(lambda two: f"#{two[0]}#{two[1]}"),
    block_ids.map("#^{}".format),
    st.sampled_from(("#", "##", "#^", "^a", "#page=3", "#a|b", "# A ", "#^ a")),
)
displays = st.one_of(st.just(""), texts.map("|{}".format), st.sampled_from(("|", "||x", "\\|y", "|100x20")))
paths = st.builds(
    "{}{}{}".format, st.sampled_from((*FOLDERS, "../", "./", "/")), names, st.sampled_from(("", ".md", ".png"))
)
wikilinks = st.builds(
    "{}[[{}{}{}]]".format, st.sampled_from(("", "", "!")), st.one_of(paths, names, st.just("")), subpaths, displays
)
targets = st.one_of(
    paths.map(lambda path: path.replace(" ", "%20")), paths.map("<{}>".format), st.sampled_from(URLS), st.just("#A")
)
markdown_links = st.builds("{}[{}]({})".format, st.sampled_from(("", "", "!")), texts, targets)
tag_names = st.one_of(
    st.sampled_from(("a", "Product/Discovery", "JoshSeiden", "a/", "1", "1a", "é", "outcome", "🚀", "x_y-z")), names
)
tags = tag_names.map("#{}".format)
keys = st.sampled_from(
    (
        "due",
        "author",
        "related",
        "up",
        "Reading Status",
        "**bold**",
        "é",
        "type",
        "aliases",
        "k/l",
        "a-b",
        "x:y",
        "1",
        "",
        "id",
    )
)
values = st.one_of(
    texts,
    wikilinks,
    st.sampled_from(URLS),
    st.sampled_from(("2024-01-02", "1,2", '"a, b"', "[[A]], [[B]]", "6hr 4min", "")),
)
bracket_fields = st.builds("{0[0]}{1}:: {2}{0[1]}".format, st.sampled_from(("[]", "()")), keys, values)
emoji_dates = st.builds(
    "{}{}".format,
    st.sampled_from(("📅", "📅 ", "✅ ", "➕ ", "🗓️ ", "⏳")),
    st.sampled_from(("2024-01-02", "2024-13-45", "x")),
)
comments = texts.map("%%{}%%".format)
inlines = st.one_of(
    texts,
    texts,
    wikilinks,
    wikilinks,
    markdown_links,
    tags,
    bracket_fields,
    emoji_dates,
    comments,
    st.sampled_from(URLS),
    texts.map("`{}`".format),
    texts.map("${}$".format),
    texts.map("**{}**".format),
    st.sampled_from(
        ("[^1]", "[x]", "<a@b.example>", "<https://a.example/é>", "<b>x</b>", "<!-- [[A]] -->", "by #JoshSeiden")
    ),
    block_ids.map(" ^{}".format),
)
lines = st.builds(
    lambda parts, glue: glue.join(parts),
    st.lists(inlines, min_size=1, max_size=4),
    st.sampled_from((" ", " ", "", "\t")),
)
paragraphs = st.lists(lines, min_size=1, max_size=3).map("\n".join)
headings = st.one_of(
    st.builds(
        "{} {}{}".format, st.integers(1, 7).map(lambda n: "#" * n), lines, st.sampled_from(("", "", " #", " ^a"))
    ),
    st.builds("# {}".format, st.sampled_from(DOMAIN + TITLES)),
    st.builds("{}\n{}".format, lines, st.sampled_from(("===", "---", "="))),
)
markers = st.sampled_from(
    ("- ", "* ", "+ ", "1. ", "1) ", "- [ ] ", "- [x] ", "- [/] ", "- [é] ", "- []", "- [ ]", "-\t")
)
items = st.builds("{}{}{}".format, st.sampled_from(("", "", "  ", "\t", "    ")), markers, lines)
lists = st.lists(items, min_size=1, max_size=4).map("\n".join)
rows = st.lists(lines, min_size=1, max_size=3).map(lambda cells: f"| {' | '.join(cells)} |")
tables = st.lists(rows, min_size=1, max_size=2).map(lambda body: "\n".join(["| a | b |", "|---|:-:|", *body]))
fences = st.builds("{0}{1}\n{2}\n{0}".format, st.sampled_from(("```", "~~~", "$$", "````")), texts, paragraphs)
simple_blocks = st.one_of(
    paragraphs,
    paragraphs,
    headings,
    headings,
    lists,
    lists,
    tables,
    fences,
    st.builds("{}:: {}".format, keys, values),
    paragraphs.map(lambda text: f"%%\n{text}\n%%"),
    lines.map("[^1]: {}".format),
    lines.map("<div>\n{}\n</div>".format),
    lines.map("    {}".format),
    block_ids.map("^{}".format),
    st.sampled_from(("---", "***", "%%", "```", "$$", "<!--", "[x]: https://a.example/", "> ")),
)


def quoted(text: str) -> str:
    """The text as a quote."""
    return "\n".join(f"> {line}" for line in text.split("\n"))


blocks = st.one_of(
    simple_blocks,
    simple_blocks,
    simple_blocks.map(quoted),
    simple_blocks.map(quoted).map(quoted),
    simple_blocks.map(lambda text: quoted(f"[!note]- T\n{text}")),
    simple_blocks.map(lambda text: "- x\n" + "\n".join(f"  {line}" for line in text.split("\n"))),
)
bodies = st.builds(
    lambda parts, glue: glue.join(parts),
    st.lists(blocks, max_size=6),
    st.sampled_from(("\n\n", "\n\n", "\n", "\n\n\n")),
)

yaml_keys = st.sampled_from(
    ("title", "aliases", "tags", "type", "author", "related", "up", "due", "id", "é", "a b", '"q: r"', "'s'")
)
yaml_values = st.one_of(
    st.sampled_from(
        ("1", "1.50", "-0", "1e5", "0x1F", "12:30", "yes", "true", "null", "~", "", "2024-01-02", "2024-01-02T03:04")
    ),
    st.sampled_from(
        (
            '"[[A]]"',
            '"[[A#B|c]] and [[Café]]"',
            "'[[it''s]]'",
            '"\\u005b[A]]"',
            "[a, b]",
            '["[[A]]", 2]',
            "{k: v, l: [1]}",
        )
    ),
    st.sampled_from(
        (
            "\n  - a\n  - '[[B]]'",
            "|\n  two\n  lines",
            ">-\n  folded\n  [[x]]",
            "Josh Seiden",
            "Outcome",
            "https://a.example/b",
        )
    ),
    names,
)
broken_yaml = st.one_of(
    st.sampled_from(
        (
            "up: [[A]], [[B]]",
            "a: b: c",
            "@joe: 1",
            "a:\t1",
            "\ta: 1",
            "{{date}}: <% x %>",
            "- a\n- b",
            "just text",
            "a: &x 1\nb: *x",
            "<<: {a: 1}",
            "a: !!python/object:x 1",
            'a: "\\ud800"',
            "a: 2024-13-45",
            "a: 1\na: 2",
            "? [a]\n: b",
            "a: '",
            "null: 1",
            "a: \x00",
            "--- b",
            "a: 1\n...\nb: 2",
        )
    ),
    texts,
)
valid_yaml = st.lists(
    st.builds("{}: {}".format, yaml_keys, yaml_values), max_size=5, unique_by=lambda row: row.split(":")[0]
).map("\n".join)
front_matters = st.one_of(
    st.just(""),
    valid_yaml.map("---\n{}\n---\n".format),
    valid_yaml.map("---\n{}\n---\n".format),
    broken_yaml.map("---\n{}\n---\n".format),
    valid_yaml.map("---\n{}\n".format),
)
plain_notes = st.builds("{}{}{}".format, front_matters, bodies, st.sampled_from(("", "\n")))
"""Notes whose lines end with LF (a lone CR can stand in them only where `notes` puts it)."""

notes = st.one_of(
    plain_notes,
    plain_notes,
    plain_notes.map(lambda text: text.replace("\n", "\r\n")),
    plain_notes.map(lambda text: text.replace("\n", "\r", 1)),
)

file_names = st.builds(
    "{}{}.md".format, st.sampled_from(FOLDERS), st.sampled_from((*TITLES, "%zz", "a<b>", "q?", "x\ny", "\u202ertl"))
)
vaults = st.dictionaries(file_names, notes, min_size=1, max_size=5)
"""Vaults as text by path."""
