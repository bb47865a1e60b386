"""What inputs look like: productions by name, with ‹name› where another one stands. The first of each ends soonest."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from helpers import strategies

# A production to a row, however long.
# fmt: off
_NAME = re.compile("‹([a-z]+)›")
NASTY: tuple[str, ...] = (*strategies.NASTY, "\x00", "\x1c", "\x85", "\u2029", "\ud800", "\x7f", "a" * 300, "%", "%00", "..", "/")
Rules = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Grammar:
    """Productions; an input grows from `start`."""

    rules: Rules
    brackets: tuple[str | tuple[str, str], ...] = ()
    """What this kind of text nests by, beside the usual brackets: as halves of one text, or two."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The productions."""
        return tuple(self.rules)

    def grow(self, dice: random.Random, name: str, depth: int) -> str:
        """A text of one production, at most so deep before it is brought to its end."""
        row = self.rules[name]
        chosen = dice.choice(row) if depth > 0 else row[0]
        return _NAME.sub(lambda found: self.grow(dice, found[1], depth - 1), chosen)


_TERMS: Rules = {
    "word": ("Lean", "a", "x", "Revenue", "é", *strategies.DOMAIN, *strategies.PLAIN, *strategies.TITLES),
    "nasty": ("é", *NASTY),
    "number": ("1", "0", "12", "-3.5", "1e5", ".5", "1.", "00", "+7", "2024", "99999999999999999999", "1E400"),
    "local": ("a", "Lean", "linksTo", "prefLabel", "é", "a.b", "a%20b", "a\\(b", "1a", "", "-", "Concept", "hasOutcome"),
    "host": ("e.example", "127.0.0.1:1", "[::1]:1", "[00]", "[v1.a]", "[2001:db8::1]", "é.example", "a b", "u:p@h", "h:99999", ""),
    "url": ("http://e.example/a", "http://‹host›/‹local›", "‹scheme›://‹host›/‹local›?‹word›#‹local›", *strategies.URLS),
    "scheme": ("http", "https", "HTTP", "file", "urn", "javascript", "obsidian", "a+b", "A"),
    "iri": ("<http://e.example/a>", "<‹url›>", "<>", "<#‹local›>", "<‹word›>", "<https://notes.example/‹local›>"),
    "prefix": ("kg", "skos", "n", "p", "", "rdfs", "owl", "sh", "xsd", "é", "a.b"),
    "curie": ("kg:Concept", "‹prefix›:‹local›", "_:‹local›"),
    "string": ('"a"', "'a'", '"""‹word›\n"‹word›"""', "'''‹word›'''", '"‹nasty›"', '"\\u00e9\\n"', '"\\ud800"', '"\\q"', '"'),
    "literal": (
        '"a"', "‹number›", "true", "‹string›@en", "‹string›@en-‹local›", '"1"^^xsd:integer', '"x"^^xsd:date', "‹string›^^‹iri›",
        '"2024-02-30"^^xsd:date', '"1"^^xsd:boolean', '"9999999999-01-01T00:00:00Z"^^xsd:dateTime', '"a"@en--ltr',
    ),
}

_TURTLE: Rules = {
    **_TERMS,
    "start": ("‹statement›\n", "‹statement›\n‹start›", "‹header›‹statement›\n‹start›"),
    "header": ("@prefix kg: <https://w3id.org/concept-notes#> .\n", "PREFIX ‹prefix›: ‹iri›\n", "@base ‹iri› .\n", "@version \"1.2\" .\n"),
    "statement": (
        "<http://e.example/R> a <http://www.w3.org/2002/07/owl#Class> .",
        "‹subject› ‹verb› ‹object› .", "‹subject› ‹verb› ‹object› , ‹object› ; ‹verb› ‹object› .", "# ‹nasty›",
        "‹subject› a owl:Class ; rdfs:label ‹literal› ; rdfs:subClassOf ‹class› .",
        "‹subject› a owl:ObjectProperty ; schema:domainIncludes ‹class› ; schema:rangeIncludes ‹class› ; rdfs:label ‹literal› .",
        "‹subject› a owl:Ontology ; owl:imports ‹iri› .", "‹subject› owl:sameAs ‹object› .", "‹subject› kg:byline ‹object› .",
    ),
    "subject": ("<http://e.example/R>", "‹iri›", "‹curie›", "[ ‹verb› ‹object› ]", "( ‹object› )", "<<( ‹subject› ‹verb› ‹object› )>>"),
    "verb": ("a", "‹iri›", "‹curie›", "rdfs:subClassOf", "rdfs:subPropertyOf", "owl:propertyChainAxiom", "owl:hasKey", "kg:structural"),
    "class": ("kg:Concept", "‹curie›", "‹iri›", "[ a owl:Restriction ; owl:onProperty ‹curie› ; owl:someValuesFrom ‹class› ]",
              "[ owl:unionOf ( ‹class› ‹class› ) ]", "[ owl:complementOf ‹class› ]", "[ owl:oneOf ( ‹object› ) ]"),
    "object": ("<http://e.example/O>", "‹literal›", "‹subject›", "‹class›", "( ‹object› ‹object› )", "[]", "<<‹subject› ‹verb› ‹object›>>",
               "‹object› {| ‹verb› ‹object› |}"),
}
TURTLE = Grammar(_TURTLE, (("<<( <a:a> <a:a> ", " )>>"), "[]", "()", ("[ <a:a> ", " ]")))

_SPARQL: Rules = {
    **_TERMS,
    "start": ("‹query›", "‹prologue› ‹query›", "‹comment›\n‹query›"),
    "prologue": ("", "PREFIX ‹prefix›: ‹iri›", "BASE ‹iri›", "‹prologue› ‹prologue›", "VERSION \"1.2\""),
    "comment": ("# a", "# ‹nasty›", "# title: ‹word›", "# param ‹var›: ‹type› = ‹word› -- ‹word›"),
    "type": ("text", "note", "iri", "class", "property", "integer", "number", "decimal", "boolean", "date", "dateTime", "‹word›"),
    "query": (
        "SELECT * { ‹triples› }", "SELECT ‹vars› ‹from› WHERE { ‹pattern› } ‹modifier›", "ASK { ‹pattern› }", "DESCRIBE ‹iri›",
        "CONSTRUCT { ‹triples› } WHERE { ‹pattern› } ‹modifier›", "CONSTRUCT WHERE { ‹triples› }", "DESCRIBE ?x { ‹pattern› }",
        "SELECT DISTINCT ‹vars› { ‹pattern› } ‹modifier›", "INSERT DATA { ‹triples› }", "LOAD ‹iri›", "DROP ALL",
    ),
    "from": ("", "FROM ‹iri›", "FROM NAMED ‹curie›"),
    "vars": ("?x", "*", "‹var› ‹var›", "(‹expression› AS ‹var›)", "(COUNT(*) AS ?n)", "(‹aggregate› AS ?n)"),
    "var": ("?x", "?y", "$z", "?é", "?_1", "?1"),
    "aggregate": ("COUNT(?x)", "SUM(DISTINCT ‹expression›)", "GROUP_CONCAT(‹expression› ; SEPARATOR=‹string›)", "SAMPLE(?x)", "MAX(?x)"),
    "modifier": ("", "LIMIT ‹number›", "OFFSET ‹number› LIMIT 1", "ORDER BY ‹var› DESC(‹expression›)", "GROUP BY ‹var›",
                 "GROUP BY (‹expression› AS ?g) HAVING (‹expression›)", "VALUES ‹var› { ‹literal› }", "VALUES (?x ?y) { (UNDEF ‹iri›) }"),
    "pattern": (
        "‹triples›", "‹pattern› ‹pattern›", "OPTIONAL { ‹pattern› }", "{ ‹pattern› } UNION { ‹pattern› }", "MINUS { ‹pattern› }",
        "GRAPH ‹node› { ‹pattern› }", "FILTER (‹expression›)", "FILTER NOT EXISTS { ‹pattern› }", "BIND (‹expression› AS ‹var›)",
        "VALUES ?v { ‹literal› ‹iri› }", "{ SELECT ‹vars› { ‹pattern› } ‹modifier› }", "SERVICE SILENT ‹node› { ‹pattern› }",
        "LATERAL { ‹pattern› }", "‹comment›\n", "FILTER EXISTS { ‹node› kg:order ‹number›SERVICE ‹node› { ‹pattern› } }",
    ),
    "triples": ("?s ?p ?o .", "‹node› ‹path› ‹node› .", "‹node› ‹path› ‹node› , ‹node› ; ‹path› ‹node› .", "[] ‹path› ( ‹node› ) .",
                "<<( ‹node› ‹verb› ‹node› )>> ‹path› ‹node› .", "‹triples› ‹triples›", "‹node› ‹verb› ‹node› {| ‹verb› ‹node› |} ."),
    "node": ("?x", "‹var›", "‹iri›", "‹curie›", "‹literal›", "[ ‹path› ‹node› ]", "( ‹node› ‹node› )", "<<( ‹node› ‹verb› ‹node› )>>"),
    "verb": ("a", "‹iri›", "‹curie›", "‹var›"),
    "path": ("kg:linksTo", "‹verb›", "‹path›/‹path›", "(‹path›|‹path›)", "^‹path›", "(‹path›)*", "(‹path›)+", "(‹path›)?", "!(‹iri›|^‹iri›)"),
    "expression": (
        "?x", "‹literal›", "‹expression› ‹operator› ‹expression›", "(‹expression›)", "!‹expression›", "-‹expression›", "‹call›",
        "?x IN (‹expression›, ‹expression›)", "EXISTS { ‹pattern› }", "IF(‹expression›, ‹expression›, ‹expression›)", "‹aggregate›",
    ),
    "operator": ("=", "<", ">=", "&&", "||", "+", "-", "*", "/", "!="),
    "call": ("STR(?x)", "REGEX(‹expression›, ‹string›, \"i\")", "REPLACE(‹expression›, ‹string›, ‹string›)", "CONCAT(‹expression›, ‹expression›)",
             "kg:score(?x, ‹string›)", "kg:context(?x, ‹string›)", "xsd:‹local›(‹expression›)", "IRI(‹expression›)", "STRDT(‹expression›, ‹iri›)",
             "SUBSTR(‹expression›, ‹number›)", "STRLANG(‹string›, ‹string›)", "NOW()", "RAND()", "UUID()", "BNODE(‹expression›)",
             "‹iri›(‹expression›)", "ENCODE_FOR_URI(‹expression›)", "SHA512(‹expression›)", "TRIPLE(‹expression›, ?p, ?x)"),
}
_NESTING = (("OPTIONAL { ", " }"), ("{ SELECT * { ", " } }"), ("!", ""), ("( ", " )"), ("FILTER EXISTS { ", " }"), ("?a<(", "?b>0"))
SPARQL = Grammar(_SPARQL, _NESTING)
RULES = Grammar(
    {**_SPARQL, "start": ("CONSTRUCT { ?s kg:linksTo ?o } WHERE { ‹pattern› }", "CONSTRUCT { ‹triples› } WHERE { ‹pattern› }", "‹query›")},
    _NESTING,
)
HEADERS = Grammar(
    {
        **_SPARQL,
        "start": ("‹line›\nSELECT * { ?x ?y $z }\n‹given›", "‹line›\n‹start›", "‹line›\n‹query›\n‹given›"),
        "line": ("# param x: text", "‹comment›", "# param ‹var›?: ‹type›", "# param ‹word› : ‹type› = ‹given› -- ‹nasty›", "#‹nasty›", "", "‹query›"),
        "given": ("#? x=a", "#? x=‹value›", "#? ‹word›=‹value›", "‹given›\n‹given›"),
        "value": ("a", "‹number›", "‹nasty›", "today", "2024-02-30", "2024-01-31T25:00", "‹iri›", "‹curie›", "yes", "‹word›", "‹url›", "1e999999", ""),
    }
)

_SHAPES: Rules = {
    **_TURTLE,
    "start": ("‹head›‹shape›\n", "‹head›‹shape›\n‹shape›\n", "‹head›‹shape›\n‹statement›\n"),
    "head": ("@prefix kg: <https://w3id.org/concept-notes#> . @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . "
             "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .\n",),
    "shape": ("<http://e.example/S> a sh:NodeShape ; sh:targetClass kg:Concept .",
              "<http://e.example/S> a sh:NodeShape ; ‹target› ; ‹constraint› .", "‹iri› a sh:PropertyShape ; ‹target› ; sh:path ‹path› ; ‹constraint› .",
              "‹curie› ‹constraint› .", "<http://e.example/S> ‹constraint› ."),
    "target": ("sh:targetClass kg:Concept", "sh:targetNode ‹object›", "sh:targetSubjectsOf ‹curie›", "sh:targetObjectsOf kg:linksTo",
               "sh:target [ a sh:SPARQLTarget ; sh:select ‹sparql› ]", "sh:targetClass ‹class›"),
    "path": ("kg:linksTo", "‹curie›", "( ‹path› ‹path› )", "[ sh:inversePath ‹path› ]", "[ sh:alternativePath ( ‹path› ‹path› ) ]",
             "[ sh:zeroOrMorePath ‹path› ]", "[ sh:oneOrMorePath ‹path› ]", "‹literal›", "()", "_:p"),
    "constraint": (
        "sh:nodeKind sh:IRI", "sh:property [ sh:path ‹path› ; ‹constraint› ]", "‹constraint› ; ‹constraint›", "sh:minCount ‹literal›",
        "sh:maxCount ‹number›", "sh:datatype ‹iri›", "sh:class ‹class›", "sh:pattern ‹string› ; sh:flags ‹string›", "sh:in ( ‹object› )",
        "sh:not [ ‹constraint› ]", "sh:and ( [ ‹constraint› ] [ ‹constraint› ] )", "sh:or ( ‹shape› )", "sh:xone ( [] )", "sh:node ‹iri›",
        "sh:node <http://e.example/S>", "sh:sparql [ sh:select ‹sparql› ; sh:message ‹literal› ]", "sh:closed true ; sh:ignoredProperties ( ‹curie› )",
        "sh:equals ‹curie›", "sh:disjoint kg:linksTo", "sh:lessThan ‹curie›", "sh:uniqueLang ‹literal›", "sh:languageIn ( ‹string› )",
        "sh:qualifiedValueShape [ ‹constraint› ] ; sh:qualifiedMinCount ‹number›", "sh:hasValue ‹object›", "sh:severity ‹curie›",
        "sh:rule [ a sh:SPARQLRule ; sh:construct ‹sparql› ]", "sh:rule [ a sh:TripleRule ; sh:subject sh:this ; sh:predicate kg:linksTo ; sh:object ‹object› ]",
        "sh:expression ‹object›", "sh:js ‹object›", "sh:message ‹literal›", "sh:deactivated ‹literal›", "sh:prefixes ‹iri›", "sh:minInclusive ‹literal›",
        "sh:maxLength ‹literal›", "sh:declare [ sh:prefix ‹string› ; sh:namespace ‹literal› ]",
    ),
    "sparql": ('"SELECT $this WHERE { $this ?p ?o }"', '"SELECT $this ?value { $this $PATH ?value }"', '"ASK { $this ?p $value }"',
               '"SELECT * { ?s ?p 1SERVICE <http://127.0.0.1:1/> {} }"', '"CONSTRUCT { $this kg:linksTo ?o } { $this ?p ?o }"', "‹string›"),
}
SHAPES = Grammar(_SHAPES, (("[ sh:not ", " ]"), ("sh:property [ sh:path kg:linksTo ; ", " ]"), ("( ", " )")))

_YAML: Rules = {
    **_TERMS,
    "pairs": ("title: a\n", "‹key›: ‹yaml›\n", "‹pairs›‹pairs›", "‹key›:\n  - ‹yaml›\n  - ‹yaml›\n", "‹key›:\n  ‹key›: ‹yaml›\n", "‹broken›\n"),
    "key": ("title", "aliases", "tags", "type", "author", "related", "id", "due", "up", "‹word›", "‹nasty›", '"‹word›"', "‹url›", "<<", "? a", "null", "1"),
    "yaml": ("a", "‹word›", "‹number›", "‹nasty›", "[‹yaml›, ‹yaml›]", "{‹word›: ‹yaml›}", '"[[‹word›]]"', "[[‹word›]]", "‹url›", "2024-01-02", "|\n  ‹word›\n  ‹nasty›",
             "‹string›", ">-\n  ‹word›", "&a ‹word›", "*a", "!!binary ‹word›", "# ‹word›", "2024-13-45T99:00", "~", "yes", "0x1F", "1_000", "12:30:45", ".inf"),
    "broken": ("a: b: c", "- a", "\ta: 1", "{{date}}: <% x %>", "a: '", "--- b", "...", "@a: 1", "a: \\", "‹nasty›", "%YAML 1.2", "‹yaml›"),
}
FRONT_MATTER = Grammar(
    {**_YAML, "start": ("---\n‹pairs›---\n", "---\n‹pairs›---\n‹word›", "---\r\n‹pairs›---\r\n", "---\n‹pairs›")},
    (("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")),
)

_MARKDOWN: Rules = {
    **_YAML,
    "note": ("‹blocks›", "---\n‹pairs›---\n‹blocks›", "‹blocks›"),
    "blocks": ("‹inline›\n", "‹block›\n\n‹blocks›", "‹block›\n‹blocks›"),
    "block": ("‹inline›", "# ‹inline›", "# ‹word›\n- ‹inline›\n- ‹inline›", "‹marker›‹inline›\n  ‹marker›‹inline›", "> ‹block›", "> [!note]- ‹inline›\n> ‹block›",
              "```‹word›\n‹inline›\n```", "| ‹inline› | b |\n|---|:-:|\n| ‹inline› | ‹inline› |", "‹key›:: ‹inline›", "%%\n‹block›\n%%", "[^1]: ‹inline›",
              "<div>\n‹inline›\n</div>", "    ‹inline›", "‹inline›\n===", "[x]: ‹url›", "$$\n‹word›\n$$", "## ‹word›\n‹inline› ^‹word›", "‹question›"),
    "question": ("```sparql\nASK {}\n```\n\nyes", "```sparql\nSELECT * { ?s ?p ?o }\n```\n\n| s | p | o |\n|---|---|---|\n| ‹word› | a | b |",
                 "```sparql\n# query: outline\n# param note = ‹word›\n```\n\n```csv\na,b\n‹word›,‹nasty›\n```", "```sparql\nCONSTRUCT WHERE { ?s ?p ?o }\n```\n```turtle\n‹iri› a ‹iri› .\n```"),
    "marker": ("- ", "* ", "1. ", "- [ ] ", "- [x] ", "- [é] ", "\t- ", "10) ", "+ "),
    "inline": ("a", "‹word›", "‹nasty›", "‹inline› ‹inline›", "‹inline›‹inline›", "‹link›", "‹link›", "#‹tag›", "[‹key›:: ‹inline›]", "(‹key›:: ‹link›)", "**‹inline›**",
               "`‹inline›`", "%%‹inline›%%", "‹url›", "<‹url›>", "<b>‹inline›", "📅 2024-01-02", "by #JoshSeiden", "‹link› - ‹word›", "&#‹number›;", "\\‹nasty›", "^‹word›",
               "~~‹inline›~~", "==‹inline›==", "$‹word›$", "[^1]", "<!-- ‹link› -->"),
    "link": ("[[A]]", "[[‹word›]]", "[[‹word›#‹word›|‹inline›]]", "![[‹word›#^‹word›]]", "[‹inline›](‹target›)", "![‹inline›](<‹target›> \"‹word›\")", "[[‹nasty›]]", "[[#‹inline›]]",
             "[[../‹word›/‹nasty›]]", "[[‹url›]]", "[‹word›][x]"),
    "target": ("A.md", "‹url›", "‹word›.md#‹word›", "‹nasty›", "#^‹word›", "a%20b", "%zz", "../../‹word›", "javascript:‹word›"),
    "tag": ("a", "a/b", "‹word›", "‹tag›/‹tag›", "‹nasty›", "1"),
}
MARKDOWN = Grammar({**_MARKDOWN, "start": ("‹note›",)}, (("> ", ""), ("- ", ""), ("[[", "]]"), ("a/", ""), ("*", "*"), ("%%", "%%"), ("[", "]()"), ("<b>", "")))

_CANVAS: Rules = {
    **_MARKDOWN,
    "start": ('{"nodes":[‹node›],"edges":[‹edge›]}', '{"nodes":[‹node›,‹node›,‹node›],"edges":[‹edge›,‹edge›]}', "‹json›", '{"nodes":‹json›,"edges":‹json›}'),
    "node": ('{"id":"a","type":"text","text":"a"}', '{"id":‹name›,"type":"text","text":‹jstring›}', '{"id":‹name›,"type":"file","file":‹jstring›,"subpath":‹jstring›}',
             '{"id":‹name›,"type":"link","url":‹jstring›}', '{"id":‹name›,"type":"group","label":‹jstring›}', "‹json›", '{"id":‹name›,"type":‹name›,‹jstring›:‹json›}'),
    "edge": ('{"id":"e","fromNode":"a","toNode":"b"}', '{"id":"e","fromNode":‹name›,"toNode":‹name›,"label":‹jstring›,"fromEnd":"arrow","toEnd":"none"}', "‹json›"),
    "name": ('"a"', '"b"', '"‹nasty›"', '"‹word›"', "‹json›", '""'),
    "jstring": ('"a"', '"‹word›"', '"[[‹word›]]"', '"\\ud83d\\ude00‹word› #‹tag›"', '"\\ud800"', '"# ‹word›\\n- [[‹word›]]"', '"‹nasty›"', '"---\\ntags: a\\n---\\n"', '"\\u0000"', "‹json›"),
    "json": ("1", "null", "[‹json›]", '{"‹word›":‹json›}', "‹number›", "true", "[]", "{}", "NaN", "Infinity", '"‹word›"', '"‹nasty›"'),
}
CANVAS = Grammar(_CANVAS, (("[", "]"), ('{"a":', "}")))
ANSWERS = Grammar(
    {
        **_CANVAS,
        **{name: row for name, row in _TURTLE.items() if name not in {"start", "link", "key"}},
        "start": ("=== q.md\n‹question›\n", "=== q.rq\n‹ask›\n=== q‹ending›", "=== q.rq\n# expect: ‹word›\n‹ask›\n", "=== q.md\n‹block›\n\n‹question›\n\n‹question›\n"),
        "ask": ("ASK {}", "SELECT * { ?s ?p ?o }", "CONSTRUCT WHERE { ?s ?p ?o }", "# query: ‹word›\n# param ‹word› = ‹word›", "‹nasty›"),
        "ending": (".csv\na,b\n1,2\n", ".csv\n‹word›,‹string›\n‹nasty›\n", ".tsv\n?a\t?b\n‹object›\t‹literal›\n", ".ttl\n‹statement›\n", ".srj\n‹results›\n",
                   '.json\n{"head":{},"boolean":‹json›}\n', ".ttl\n<<( ‹subject› ‹verb› ‹object› )>> a ‹object› .\n"),
        "results": ('{"head":{"vars":["a"]},"results":{"bindings":[{"a":‹term›}]}}', '{"head":{"vars":‹json›},"results":{"bindings":[‹json›]}}', "‹json›"),
        "term": ('{"type":"uri","value":"http://e.example/"}', '{"type":"literal","value":"‹nasty›","xml:lang":"‹word›"}', '{"type":"‹word›","value":‹json›}',
                 '{"type":"literal","value":"1","datatype":"‹url›"}', '{"type":"triple","value":{"subject":‹term›,"predicate":‹term›,"object":‹term›}}', "‹json›"),
    }
)
_SETTINGS: Rules = {
    **_CANVAS,
    "start": ("=== ‹toml›\n", "=== ‹toml›\n=== ‹obsidian›\n", "=== .gitignore\n‹patterns›\n=== ‹toml›\n", "=== sub/.gitignore\n‹patterns›\n=== ‹obsidian›\n"),
    "toml": ("kg.toml\nbase = \"https://notes.example/\"", "kg.toml\n‹setting›", "kg.toml\n‹setting›\n‹setting›\n‹setting›"),
    "setting": ("gitignore = true", "‹name› = ‹tvalue›", "vault = ‹tstring›", "store = ‹tstring›", "base = ‹tstring›", "default_class = ‹tstring›", "ignore = [‹tstring›, ‹tstring›]",
                "max_bytes = ‹tnumber›", "max_seconds = ‹tnumber›", "max_memory = ‹tnumber›", "[prefixes]\n‹word› = ‹tstring›", "ontology = ‹tstring›", "queries = ‹tstring›", "‹nasty›"),
    "name": ("vault", "store", "base", "default_class", "ignore", "gitignore", "max_bytes", "max_seconds", "max_memory", "prefixes", "ontology", "queries", "‹word›", '"‹nasty›"', "a.b.c"),
    "tvalue": ("true", "‹tstring›", "‹tnumber›", "[‹tvalue›, ‹tvalue›]", "{ a = ‹tvalue› }", "2024-01-01", "nan", "inf"),
    "tnumber": ("1", "0", "-1", "1.5", "99999999999999999999", "0xff", "1_000", "true", "9223372036854775808"),
    "tstring": ('"."', '"‹word›"', '"‹url›"', '"‹pattern›"', '"../‹word›"', '"a\\u0000b"', '"/"', '"‹nasty›"', "'''‹nasty›'''", '"\\u001b]0;x\\u0007"', '"~"', '""', '"https://e.example/#"'),
    "patterns": ("a", "‹pattern›", "‹pattern›\n‹patterns›", "‹pattern›\r\n‹patterns›"),
    "pattern": ("a", "!", "\\", "a\\", "[z-a]", "[!a]", "**/‹pattern›", "‹pattern›/**", "*‹pattern›*‹pattern›*", "/‹word›", "!‹pattern›", "#‹word›", "‹nasty›", "[‹nasty›]", "a{b,c}", "[[:alpha:]]",
                "‹word›/", "?‹pattern›", " ‹word› ", "[", "[]", "[]-a]", "[^", "‹pattern›‹pattern›"),
    "obsidian": (".obsidian/app.json\n{\"userIgnoreFilters\":[\"a\"]}", ".obsidian/app.json\n{\"userIgnoreFilters\":[\"‹filter›\",‹json›]}", ".obsidian/types.json\n{\"types\":{\"‹word›\":\"date\",\"‹nasty›\":‹json›}}",
                 ".obsidian/templates.json\n{\"folder\":‹json›}", ".obsidian/app.json\n‹json›", ".obsidian/daily-notes.json\n{\"folder\":‹json›}"),
    "filter": ("a", "/a/", "/(a+)+b/", "/(?:a|a)*b/", "/[/", "/‹nasty›/", "‹nasty›", "//", "/(?<=a+)b/", "/\\\\p{L}{1000}{1000}/", "/(?R)/", "/(?i:‹word›)/"),
}
SETTINGS = Grammar(_SETTINGS, (("[", "]"), ("{ a = ", " }"), ("*", ""), ("**/", ""), ("a.", "")))
VAULTS = Grammar(
    {
        **_SETTINGS,
        **_TURTLE,
        **_MARKDOWN,
        "name": _SETTINGS["name"],
        "start": ("=== A.md\n‹note›\n", "=== A.md\n‹note›\n=== ‹file›\n", "=== A.md\n‹note›\n=== ‹file›\n=== ‹file›\n", "=== A.md\n‹note›\n=== ‹file›\n=== ‹file›\n=== ‹file›\n=== ‹file›\n"),
        "file": ("B.md\n‹note›", "sub/‹word›.md\n‹note›", "‹nasty›.md\n‹note›", "a.canvas\n‹canvas›", "img/‹word›.png\nx", "ontology/own.ttl\n‹turtle›", "ontology/rules/r.rq\n‹rule›", "‹toml›", "‹obsidian›",
                 ".gitignore\n‹patterns›", "queries/q.rq\n# title: ‹word›\n# param x: ‹word›\nSELECT * { ?x ?p ?o }", "‹word›/.gitignore\n‹patterns›", "b.MD\n‹note›", "Book.excalidraw.md\n‹note›"),
        "canvas": ('{"nodes":[{"id":"a","type":"text","text":"[[A]]"}],"edges":[]}', '{"nodes":[{"id":"a","type":"text","text":‹jstring›},{"id":"b","type":"file","file":"‹word›.md"}],"edges":[{"fromNode":"a","toNode":"b"}]}'),
        "turtle": ("@prefix owl: <http://www.w3.org/2002/07/owl#> . <http://e.example/R> a owl:Class .", "@prefix e: <http://e.example/> . @prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix kg: <https://w3id.org/concept-notes#> .\n‹statement›"),
        "rule": ("CONSTRUCT { ?s kg:linksTo ?o } WHERE { ?o kg:linksTo ?s }", "CONSTRUCT { ?a kg:linksTo ?c } WHERE { ?a kg:linksTo ?b . ?b kg:linksTo ?c FILTER(?a != ?c) }", "CONSTRUCT { ?s kg:path ‹literal› } { ?s ‹verb› ?o }",
                 "CONSTRUCT { ?s ‹verb› ‹object› } { ?s a ‹class› }", "CONSTRUCT { ?s ?p ?t } { ?s ?p ?o BIND(CONCAT(STR(?o), \"x\") AS ?t) }"),
    },
    (("> ", ""), ("- ", ""), ("a/", ""), ("[", "]"), ("*", "")),
)
STORES = Grammar(
    {
        **_CANVAS,
        "start": ("=== ‹place›\n‹content›\n", "=== ‹place›\n‹content›\n=== ‹place›\n‹content›\n"),
        "place": ("current", "gen-1/manifest.json", "gen-1/notes.json", "gen-1/notes.db", "gen-1/rules.json", "gen-1/seen.json", "seen.json", "validation.json", "search.db", "lock", "gen-1/reading", "history",
                  "gen-1/db/CURRENT", "gen-1/db/MANIFEST-000001", "gen-1/db/OPTIONS", "gen-1/db/LOG", "gen-1/db/000001.sst", "pulled/a.nt", "gen-1/search.db", "gen-1/db/IDENTITY", "proofs.json", "gen-1/facts.json"),
        "content": ("", "gen-1", "gen-2", "../../etc", "gen-1\n", "‹json›", "‹manifest›", "‹ledger›", "‹nasty›", "SQLite format 3\x00‹nasty›", "<a:b> <a:c> \"‹nasty›\" .\n", "{\"names\":‹json›,\"notes\":{\"A.md\":‹json›},\"shapes\":‹json›,\"state\":‹json›}"),
        "manifest": ('{"format":2,"generation":1,"prefixes":{},"counts":{},"summary":{}}', '{"format":2,"generation":‹json›,"prefixes":‹json›,"counts":‹json›,"summary":‹json›}',
                     '{"format":2,"generation":1,"prefixes":{"‹word›":"‹url›","n":‹json›},"counts":{"":‹json›},"summary":{"vault":"‹nasty›","notes":‹json›,"links":‹json›}}', '{"format":‹json›}'),
        "ledger": ('{"settings":"","entries":{},"bad":{},"attachments":[],"ignored":[]}', '{"settings":‹json›,"entries":{"A.md":‹json›},"bad":‹json›,"attachments":‹json›,"ignored":‹json›}',
                   '{"texts":‹json›,"prefixes":‹json›,"rules":{"r":[‹json›,‹json›,‹json›,‹json›]}}'),
    },
    (("[", "]"), ('{"a":', "}")),
)
SERVERS = Grammar(
    {
        **_TURTLE,
        **{name: ANSWERS.rules[name] for name in ("json", "results", "term")},
        "start": ("=== head\n200\nContent-Type: ‹media›\n=== body\n‹body›\n", "=== head\n‹status›\n‹header›\n‹header›\n=== body\n‹body›\n", "=== head\n200\nContent-Type: ‹media›\n‹header›\n=== body\n‹body›\n"),
        "status": ("200", "204", "301", "302", "308", "400", "401", "404", "429", "500", "503", "100", "999", "-1", "‹nasty›", "200 ‹nasty›"),
        "header": ("Server: a", "Server: Virtuoso/07.20", "Content-Type: ‹media›", "Content-Length: ‹number›", "Transfer-Encoding: chunked", "Location: ‹url›", "Retry-After: 0", "Retry-After: ‹nasty›",
                   "WWW-Authenticate: ‹word›", "WWW-Authenticate: Digest ‹word›=‹string›", "X-SPARQL-MaxRows: ‹number›", "Content-Encoding: gzip", "‹nasty›: ‹nasty›", "‹word›", "Content-Type: text/html; charset=‹word›"),
        "media": ("application/sparql-results+json", "application/sparql-results+xml", "text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json", "text/tab-separated-values", "text/csv",
                  "text/html", "text/plain", "application/n-quads", "application/trig", "‹word›/‹nasty›", ""),
        "body": ("", "‹results›", '{"head":{},"boolean":‹json›}', "‹statement›\n‹statement›", "‹xmlresults›", "‹rdfxml›", "?a\t?b\n‹object›\t‹literal›\n", "<html><title>‹nasty›</title>", "‹iri› ‹iri› ‹literal› .\n",
                 '{"@context":{"a":"‹url›"},"@id":"‹url›","a":‹json›}', '{"@context":"‹url›","a":‹json›}', "‹nasty›", '<!DOCTYPE a [<!ENTITY b "‹word›"><!ENTITY c "&b;&b;">]>‹xmlresults›'),
        "xmlresults": ('<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#"><head/><boolean>true</boolean></sparql>',
                       '<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#"><head><variable name="s"/><variable name="‹nasty›"/></head><results><result><binding name="s">‹xmlterm›</binding></result></results></sparql>'),
        "xmlterm": ("<uri>http://e.example/</uri>", "<literal xml:lang='‹word›'>‹nasty›&c;&#‹number›;</literal>", "<bnode>‹nasty›</bnode>", "<literal datatype='‹url›'>‹number›</literal>", "<‹word›>‹xmlterm›</‹word›>",
                    "<triple><subject>‹xmlterm›</subject><predicate>‹xmlterm›</predicate><object>‹xmlterm›</object></triple>"),
        "rdfxml": ('<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="‹url›"><a xmlns="‹url›">‹nasty›</a></rdf:Description></rdf:RDF>',
                   '<!DOCTYPE a SYSTEM "‹url›" [<!ENTITY b SYSTEM "file:///etc/passwd">]><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="&b;"/></rdf:RDF>'),
    },
    (("[", "]"), ('{"a":', "}"), ("<a>", "</a>"), ("<<( <a:a> <a:a> ", " )>>"), ("&c;", "")),
)
