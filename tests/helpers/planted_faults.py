"""Faults of every practical kind in a vault that has none else.

`⟦CODE⟧` stands directly before the place where that finding is expected, several at one place one after another. Marks
are taken out before a note is written. Characters that UTF-8 cannot hold are written as the bytes that they stand for.
"""

import re

MARK = re.compile(r"⟦([A-Z]\d\d)⟧")
SETTINGS = 'base = "https://notes.example/"\nmax_bytes = 100000\nignore = ["Attic/"]\n'
BACK = "\nBack to [[Start]].\n"

CLEAN = {
    "Start.md": "---\ndefinition: Where one begins\n---\n"
    "[[Sleep]], [[Rest]], [[Deep rest]], [[Diary]], [[Lamp]], [[Night book]], [[Maria Keller]], [[Essay]], [[Steps]],\n"
    "[[Habits]], [[Einschlafen]], [[Outcome note]].\n",
    "Sleep.md": "---\ndefinition: What nights are for\nrelated: '[[Rest]]'\n---\n"
    "# Outcomes\n- [[Deep rest]]\n\n# Outputs\n- [[Diary]]\n- [[Lamp]]\n\n# Sources\n- [[Night book]]\n"
    "- Dreams and days - Maria Keller\n- [A page on sleep](https://example.org/sleep)\n" + BACK,
    "Rest.md": "# Definition\nTo do nothing.\n\n# Example\nSunday.\n" + BACK,
    "Deep rest.md": "---\ntype: Outcome\nachieved through:\n  - '[[Diary]]'\n  - '[[Lamp]]'\n---\n" + BACK,
    "Diary.md": "---\ntype: Output\n---\nWritten each evening.\n" + BACK,
    "Lamp.md": "---\ntags: [output]\n---\nSwitched off at ten.\n" + BACK,
    "Night book.md": "---\ntype: Book\nauthor: '[[Maria Keller]]'\n---\n" + BACK,
    "Maria Keller.md": "---\ntype: Author\n---\n" + BACK,
    "Essay.md": "---\ntype: Article\nauthors: [Benedict Oakley, Maria Keller, Gerda Hoffmann]\n---\n" + BACK,
    "Steps.md": "---\ndefinition: One after another\naliases: [Stairway]\n---\n# First\nA step ^one\n\n# Second\n"
    + BACK,
    "Habits.md": "---\ndefinition: What one does again\nup: '[[Sleep]]'\neffort: 3\n---\n"
    "# Outcome\nOne gets up at six, given a [[Diary]].\n\n# Further reading\n- Small things by #BenedictOakley\n"
    + BACK,
    "Einschlafen.md": "---\neffort: 5\n---\n# Definition\nÜber die Nacht 🌙.\n\n# Quellen\n- Nachts - Benedict Oakley\n"
    + BACK,
    "Outcome note.md": "---\nclass: outcome\noutcome of: '[[Rest]]'\nachieved by: '[[Lamp]]'\n---\n" + BACK,
}

FAULTS = {
    # ---- files
    "Latin.md": "# Definition\nOne caf⟦F02⟧\udce9 too many\n",
    "Large.md": "⟦F03⟧# Definition\n" + "Long. " * 20000 + "\n",
    "Cafe\u0301.md": "# Definition\nDecomposed\n" + BACK,
    "Caf\u00e9.md": "⟦F05⟧# Definition\nComposed\n" + BACK,
    "Outside.md": "⟦F04⟧",
    "Twin.md": "---\ndefinition: One of two\n---\n" + BACK,
    "twin.md": "⟦L16⟧⟦L22⟧---\ndefinition: The other\n---\n" + BACK,
    "Board.canvas": '{"nodes": [],\n "edges": ⟦F06⟧none}\n',
    # ---- links
    "Links in text.md": "---\ndefinition: Links that lead nowhere\n---\n"
    "🌙 é ⟦L01⟧[[Unwritten]] and 🌙 ⟦L01⟧[unwritten](Not%20here.md), ⟦L02⟧![[Steps#Third]], ⟦L02⟧[so](Steps.md#Fourth).\n\n"
    "> [!note] ⟦L03⟧[[Steps#^three|the third]]\n> ⟦L04⟧![alt](pictures/gone.png)\n\n"
    "| a | b |\n| - | - |\n| x | ⟦L01⟧[[Also unwritten\\|text]] |\n\n"
    "⟦O06⟧## About ⟦L01⟧[[Never told]]\n\n1. ⟦L07⟧[[https://example.org/]]\n2. ⟦L17⟧[[Steps^one]]\n3. ⟦L09⟧[[Stairway]]\n"
    "   - ⟦L11⟧[[sTeps]]\n\n⟦L20⟧[[#Own part]] <!-- ⟦L21⟧[[Start]] -->\n\n## Own part\nA line ⟦L12⟧^größe\n" + BACK,
    "Links in front.md": "---\ndefinition: Links in properties\nup: '⟦L01⟧[[Missing above]]'\n"
    'related:\n  - "⟦L02⟧[[Steps#Fifth]]"\n  - ⟦L05⟧[[Rest]]\n---\n' + BACK,
    "Wanted 1.md": "---\ndefinition: One that wants\n---\n⟦L01⟧⟦L23⟧[[Long awaited]]\n" + BACK,
    "Wanted 2.md": "---\ndefinition: Another\n---\n⟦L01⟧[[Long awaited]] and ⟦L01⟧[[long awaited]]\n" + BACK,
    "Ambiguous.md": "---\ndefinition: Two answers\n---\n⟦L08⟧[[Week]] and ⟦L10⟧[[Twice#Same]]\n" + BACK,
    "one/Week.md": "---\ndefinition: Seven days\n---\n" + BACK,
    "two/Week.md": "---\ndefinition: Seven nights\n---\n" + BACK,
    "Twice.md": "---\ndefinition: Said twice\n---\n## Same\n\n## Other\n\n## Same\n" + BACK,
    "Left out.md": "---\ndefinition: What is not read\n---\n⟦L18⟧[[Old]] and ⟦L18⟧[[Day]]\n" + BACK,
    "Attic/Old.md": "[[Nowhere]]\n",
    "Templates/Day.md": "---\ndate: ⟦P04⟧{{date}}\n---\n# Definition\nA day.\n" + BACK,
    "Ring 1.md": "---\ndefinition: First of three\n---\n⟦L24⟧![[Ring 2]]\n",
    "Ring 2.md": "---\ndefinition: Second of three\n---\n![[Ring 3]]\n",
    "Ring 3.md": "---\ndefinition: Third of three\n---\n![[Ring 1]]\n",
    "Orphan.md": "⟦L22⟧---\ndefinition: Not led to\n---\n" + BACK,
    "Dead end.md": "⟦L22⟧---\ndefinition: Leading nowhere\n---\n",
    "What # now.md": "⟦L13⟧---\ndefinition: Not linkable\n---\n" + BACK,
    # ---- properties
    "Unread.md": "---\nplace: Bern\nowner: ⟦L06⟧@maria\n---\n# Definition\nNot YAML\n" + BACK,
    "Outdated.md": "---\ndefinition: Old ways\n⟦L14⟧aliases: Stale\n⟦L14⟧cssclass: wide\n---\n" + BACK,
    "Effort.md": "---\ndefinition: Hard to say\neffort: ⟦L15⟧much\n---\n" + BACK,
    "Heavy.md": "---\n⟦P01⟧notes: " + "heavy " * 11000 + "\n---\n# Definition\nToo much\n" + BACK,
    "Tagged.md": "---\nplace: Bern\nyear: ⟦P02⟧!!str 2026\n---\n# Definition\nA YAML tag\n" + BACK,
    "Aliased.md": "---\nplace: Bern\nthere: ⟦P02⟧*place\n---\n# Definition\nA YAML alias\n" + BACK,
    "Repeated.md": "---\ndefinition: First\nplace: Bern\n⟦P03⟧Definition: Second\n---\n" + BACK,
    "Same id 1.md": "---\nid: urn:x:one-and-only\ndefinition: Has it\n---\n" + BACK,
    "Same id 2.md": "---\ndefinition: Has it too\nid: ⟦P05⟧urn:x:one-and-only\n---\n" + BACK,
    # ---- concepts
    "No meaning.md": "⟦S02⟧Only a line.\n" + BACK,
    "No meaning by type.md": "---\nplace: Bern\n⟦S02⟧type: Idea\n---\n" + BACK,
    "No meaning by class.md": "---\nclass:\n  - ⟦S02⟧'Konzept'\n---\n" + BACK,
    "No meaning by tag.md": "A line 🌙 ⟦S02⟧#concept\n" + BACK,
    "Ideas of mine.md": "---\ndefinition: Thoughts\n---\n# Ideas\n⟦S02⟧- A first thought\n⟦S02⟧- A second thought\n\n"
    "Text.\n\n⟦S02⟧## Concept\nA thought of its own.\n" + BACK,
    "Named relations.md": "---\ndefinition: Relations by name\n⟦S02⟧related: A whim\nnarrower:\n  - ⟦S02⟧A mood\n---\n"
    + BACK,
    # ---- outcomes
    "Outcome by class.md": "---\n⟦S03⟧⟦S04⟧class: Desired outcome\n---\n" + BACK,
    "Outcome by tags.md": "---\ntags:\n  - night\n  - ⟦S03⟧⟦S04⟧outcome\n---\n" + BACK,
    "Outcome inline.md": "---\nachieved through: '[[Lamp]]'\n---\nA state 🌙 é ⟦S04⟧#outcome\n" + BACK,
    "Outcome unreached.md": "---\n⟦S03⟧type: Outcome\noutcome of: '[[Sleep]]'\n---\n" + BACK,
    "Outcome lists.md": "---\ndefinition: Lists of states\n---\n# Wirkungen\n⟦S03⟧* Alles schläft\n⟦S03⟧* Niemand wacht\n\n"
    "# Outcomes\n⟦S03⟧1. All sleep\n⟦S03⟧2. ⟦L01⟧[[All is dark]]\n\n# More\n⟦S03⟧## Intended outcome\nNobody snores.\n"
    + BACK,
    "Outcome fields.md": "---\ndefinition: States in fields\noutcomes:\n  - ⟦S03⟧Calm nights\n  - ⟦S03⟧Good mornings\n"
    "⟦S03⟧leads to: Silence\n---\n" + BACK,
    "Outcome of a book.md": "---\ntype: Book\nauthor: Benedict Oakley\n---\n⟦S03⟧⟦S04⟧# Outcome\nReaders sleep.\n"
    + BACK,
    # ---- both at once
    "Both by list.md": "---\ntype:\n  - Outcome\n  - ⟦S05⟧Output\noutcome of: '[[Rest]]'\nachieved through: '[[Lamp]]'\n"
    "contributes to: '[[Deep rest]]'\n---\n" + BACK,
    "Both by tags.md": "---\ntype: Outcome\noutcome of: '[[Rest]]'\nachieved through: '[[Lamp]]'\n"
    "contributes to: '[[Deep rest]]'\n---\nNow 🌙 #outcome ⟦S05⟧#output\n" + BACK,
    "Torn.md": "---\ntype: Outcome\noutcome of: '[[Rest]]'\nachieved through: '[[Lamp]]'\ncontributes to: '[[Deep rest]]'\n---\n"
    + BACK,
    "Tears.md": "---\ndefinition: Calls a state an output\n---\n# Deliverables\n- [[Lamp]]\n⟦S05⟧- [[Torn]]\n" + BACK,
    # ---- outputs
    "Output by type.md": "---\nplace: Bern\n⟦S06⟧type: Artefact\n---\n" + BACK,
    "Output by tag.md": "Made 🌙 ⟦S06⟧#deliverable\n" + BACK,
    "Output lists.md": "---\ndefinition: Things made\noutputs: [⟦S06⟧A flyer, '[[Lamp]]']\n---\n# Outputs\n- [[Diary]]\n⟦S06⟧- A poster\n"
    "⟦S06⟧+ A leaflet\n\n⟦S06⟧# Artifact\nA film was made.\n" + BACK,
    # ---- resources
    "Resource by type.md": "---\n⟦S08⟧type: Article\n---\n" + BACK,
    "Resource by tags.md": "---\ntags: [⟦S08⟧book]\n---\n" + BACK,
    "Resource lists.md": "---\ndefinition: Read and not\n⟦S08⟧source: A torn leaf\n---\n# Bibliography\n- Known - Maria Keller\n"
    "⟦S08⟧- Of unknown origin\n- [Known](https://example.org/known)\n" + BACK,
    # ---- links to another kind
    "Astray.md": "---\ndefinition: To the wrong kind\nrelated: ⟦S10⟧'[[Deep rest]]'\nauthor: ⟦S10⟧\"[[Sleep]]\"\nup:\n  - '[[Rest]]'\n"
    "  - ⟦S10⟧'[[Night book]]'\noutcome: ['[[Deep rest]]', ⟦S10⟧'[[Lamp]]']\n---\n"
    "has output:: ⟦S10⟧[[Deep rest]]\n\nA line 🌙 with [part of:: ⟦S10⟧[[Maria Keller]]] in it.\n\n"
    "# See also\n- [[Sleep]]\n- ⟦S10⟧[[Diary]]\n" + BACK,
    "Outcome astray.md": "---\ntype: Outcome\nachieved through:\n  - '[[Lamp]]'\n  - ⟦S10⟧'[[Rest]]'\noutcome of:\n  - '[[Rest]]'\n"
    "  - ⟦S10⟧'[[Diary]]'\n---\n" + BACK,
    "Output astray.md": "---\ntype: Output\ncontributes to: ['[[Deep rest]]', ⟦S10⟧'[[Sleep]]']\n---\n" + BACK,
    # ---- authors nearly alike
    "Slip in front.md": "---\ntype: Book\n⟦S11⟧author: Maria Kelller\n---\n" + BACK,
    "Slip in a list.md": "---\ntype: Book\nauthors:\n  - Maria Keller\n  - ⟦S11⟧Benedict Oakly\n---\n" + BACK,
    "Slip in a tag.md": "---\ndefinition: A slip in a tag\n---\nSee [[Night book]], written by ⟦S11⟧#GerdaHollmann.\n"
    + BACK,
    "Slip in a byline.md": "---\ndefinition: A slip in a byline\n---\n# Sources\n- Good - Theodore Quill\n"
    "⟦S11⟧- Better - Theodore Qwill\n" + BACK,
    "Slip under a heading.md": "---\ndefinition: Names in a list\n---\n# Writers\n- Wilhelmina Stark\n⟦S11⟧- Wilhelmina Strak\n"
    + BACK,
    # ---- the same in rarer forms
    "Tasks as outcomes.md": "---\ndefinition: States to tick\n---\nDesired outcomes\n---\n⟦S03⟧- [ ] Wake late\n⟦S03⟧- [x] Dream of 🌙\n"
    "  - not one itself\n\n### Outputs\n⟦S06⟧- A 🌙 mask\n" + BACK,
    "Listed twice 1.md": "---\ndefinition: The first that lists it\n---\n# Outcomes\n⟦S03⟧- ⟦L01⟧[[Listed by two]]\n"
    + BACK,
    "Listed twice 2.md": "---\ndefinition: The second that lists it\n---\n# Outcomes\n- ⟦L01⟧[[Listed by two]]\n"
    + BACK,
    "Row of links.md": "---\ndefinition: Links in a row\n---\n# Outputs\n"
    "⟦S06⟧⟦S06⟧⟦L01⟧[[Red lamp]], ⟦L01⟧[[Blue lamp]]\n" + BACK,
    "Multi-line.md": "---\ndefinition: >\n  Folded over\n  two lines\nrelated: [\n  '[[Rest]]', # a comment\n"
    '  ⟦S10⟧"[[Lamp]]",\n  ⟦S02⟧A 🌙 notion ]\n---\n' + BACK,
    "Inline things.md": "---\ndefinition: Things in fields\n---\nleads to:: ⟦S03⟧A calm house\n\n"
    "A line (produces:: ⟦S06⟧A 🌙 song) and [see also:: ⟦S02⟧Some thought] in it.\n" + BACK,
    "Listed as a source.md": "---\ndefinition: A concept taken for a book\n---\n# References\n- [[Essay]]\n⟦S08⟧- [[Twice]]\n"
    + BACK,
    "Of an author.md": "---\ntype: Author\n---\n# Outcomes\n⟦S03⟧⟦S04⟧- Fame\n" + BACK,
    "Link forms.md": "---\ndefinition: Links of other forms\n---\nrelated:: ⟦S10⟧[a lamp](Lamp.md)\n\n"
    "up:: ⟦S10⟧[[Lamp|the 🌙 lamp]]\n\n# Related\n⟦S10⟧[[Diary]]\n\n# Parent\n1. 🌙 [[Rest]]\n2. ⟦S10⟧[[Deep rest]]\n"
    + BACK,
    "Two in one value.md": "---\ndefinition: Two links in one value\nauthor: '[[Maria Keller]] and ⟦S10⟧[[Sleep]]'\n---\n"
    "related:: [[Rest]], ⟦S10⟧[[Lamp]]\n\nup:: [[Rest]], ⟦S10⟧[a lamp](Lamp.md)\n" + BACK,
    "Outcomes.md": "---\ndefinition: A note named for a class\n---\n⟦S03⟧- Peace at night\n- [[Deep rest]]\n" + BACK,
    "Twofold.md": "---\n⟦S04⟧type: Outcome\nachieved by: '[[Lamp]]'\n---\n⟦S03⟧⟦S04⟧# Wirkung\nAnother state.\n" + BACK,
    "Map.canvas": '{"nodes": [\n  {"id": "a", "type": "file", "file": "Rest.md", "x": 0, "y": 0, "width": 9, "height": 9},\n'
    '  {"id": "b", "type": "text", "text": "To [[Start]] and ⟦L01⟧[[Not on the map]]", "x": 9, "y": 0, "width": 9, "height": 9},\n'
    '  {"id": "c", "type": "file", "file": "Lamp.md", "x": 9, "y": 0, "width": 9, "height": 9}],\n "edges": [\n'
    '  {"id": "e", "fromNode": "a", "toNode": "c", "label": "⟦S10⟧related"}]}\n',
    "Untitled sources.md": "---\ndefinition: Sources without titles\n---\n# Sources\n⟦S07⟧- [](https://example.org/untitled)\n"
    + BACK,
    "Nameless authors.md": "---\ndefinition: Authors without names\n---\n# Authors\n⟦S09⟧- <https://example.org/nameless>\n"
    + BACK,
    "One tag.md": "---\n⟦L14⟧⟦S03⟧⟦S04⟧tags: outcome\n---\n" + BACK,
    "Said twice.md": "---\ndefinition: One relation twice\n'related': ⟦S10⟧'[[Lamp]]'\n---\nrelated:: [[Lamp]]\n"
    + BACK,
    "Said back.md": "---\ntype: Output\ncontributes to: '[[Deep rest]]'\noutput of: ⟦S10⟧'[[Said back book]]'\n---\n"
    + BACK,
    "Said back book.md": "---\ntype: Book\nauthor: Benedict Oakley\nresource for: [ '[[Said back]]' , ⟦S10⟧'[[Maria Keller]]' ]\n---\n"
    + BACK,
    "Ideas again.md": "---\ndefinition: Thoughts again\n---\n# Ideas\n- [[Bare thought]]\n" + BACK,
    "Bare thought.md": "⟦S02⟧Nothing is said.\n" + BACK,
    "Forms of lists.md": "---\ndefinition: Lists as Markdown has them\n---\n# Outcomes ##\n  ⟦S03⟧- Indented\n\n  ⟦S03⟧- Indented and loose\n\n"
    "Text.\n\n⟦S03⟧10) Numbered\n\n###### Outputs\n⟦S06⟧-   Wide\n⟦S06⟧- [a page](https://example.org/output)\n" + BACK,
    "Outcome with parts.md": "---\ntype: Outcome\noutcome of: '[[Rest]]'\n---\n# Outputs\n- Earplugs\n\n## Sources\n⟦S08⟧- Unsigned\n"
    + BACK,
    "Block scalars.md": "---\ndefinition: |\n  Kept as\n  written\nrelated: ⟦S10⟧>-\n  [[Lamp]]\n# A comment 🌙\n"
    '"up": ⟦S10⟧"[[Lamp]]"   # another\n---\n' + BACK,
    "Two in one list.md": "---\ndefinition: Some of many\nrelated: ['[[Rest]]', ⟦S10⟧'[[Lamp]]', \"[[Sleep]]\", ⟦S10⟧\"[[Deep rest]]\"]\n---\n"
    + BACK,
    "Slip of a note.md": "---\ntype: Author\n---\nHas written [[Slip of a note's name]].\n" + BACK,
    "Slip of a note's name.md": "---\ntype: Book\n⟦S11⟧by: Slip of a mote\n---\n" + BACK,
    "Itself.md": "---\ntype: Book\nauthor:\n  - Maria Keller\n  - ⟦S10⟧'⟦L20⟧[[Itself]]'\n---\n" + BACK,
    "Itself too.md": "---\ntype: Output\n---\ncontributes to:: [[Deep rest]], ⟦S10⟧⟦L20⟧[[Itself too]]\n" + BACK,
    "Unsigned essay.md": "⟦S02⟧# Start\n\n## Lead\n\n⟦S08⟧### Book\nA book of which little is known.\n" + BACK,
}
UNLISTED = {
    "twin.md",
    "Latin.md",
    "Large.md",
    "Caf\u00e9.md",
    "Board.canvas",
    "Outside.md",
    "Attic/Old.md",
    "Templates/Day.md",
    "Orphan.md",
}
LINKED = {"Outside.md"}
"""What is no file of the vault, but a symbolic link to one outside."""
LISTED = sorted(FAULTS.keys() - UNLISTED)
INDEX = {
    "Index.md": "---\ndefinition: Leads to all\n---\n[[Start]]\n"
    + "".join(f"- [x]({path.replace(' ', '%20').replace('#', '%23')})\n" for path in LISTED)
}
ALL = {**CLEAN, **FAULTS, **INDEX, "Start.md": CLEAN["Start.md"] + "\n[[Index]]\n"}
