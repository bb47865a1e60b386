"""After any edits, an ingest leaves what a full one would: quad for quad, and finding for finding."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import kg
from helpers.drawing import at_length, draws
from helpers.keyed import answers_as_whole, equals, stored_state
from kg.config import load
from kg.notes.vault import Vault
from kg.store import ingest_state
from kg.store.ingest_state import IngestState

E_COMPOSED, E_DECOMPOSED = "\u00e9", "e\u0301"
PATHS = (
    "A.md",
    "B.md",
    "b.md",
    "sub/A.md",
    "sub/B.md",
    "sub/deep/C.md",
    f"{E_COMPOSED}.md",
    f"{E_DECOMPOSED}.md",
    "Ann Lee.md",
    "map.canvas",
)
OTHERS = ("p.png", "sub/p.png", "a.pdf")
PARTS = (
    "[[A]]", "[[b]]", "[[sub/A|x]]", "[[C#One]]", "[[C#^id]]", "![[p.png]]", "[[p.png]]", "[[../A]]", "[x](./A.md)", "[[Nowhere]]", "[[nowhere]]",
    f"[[{E_COMPOSED}]]", "[[Alias]]", "[[map.canvas]]", "by #AnnLee", "#tag/one", "#Tag/One", "#risk", "key:: [[A]]", "mood:: 4.50",
    "\n# One\ntext ^id\n", "\n# Outcomes\nGood, given [[#Outputs]]\n", "\n# Outputs\n- [[A]]\n- A thing\n", "\n# Risks\n- Late\n- [[B]]\n",
    "\n# Resources\n- [[B]] - Ann Lee\n- [A page - Bo Ek](https://e.example/x)\n", "\n# One\n", "\n- [ ] do [[A]] 📅 2026-01-01\n", "\n%%\n[[A]]\n%%\n",
)  # fmt: skip
FRONT = (
    "", "---\ntitle: Ann Lee\n---\n", "---\nid: same\n---\n", "---\nid: https://x.example/thing\n---\n", "---\naliases: [Alias]\n---\n", "---\ntype: Outcome\n---\n",
    "---\nauthor: Ann Lee\nrelated: 1e3\n---\n", '---\nbroader: "[[A]]"\ntags: [risk, a/b]\n---\n', "---\nup: [[A]]\n---\n", "---\na: b: c\n---\n",
)  # fmt: skip
ONTOLOGIES = {
    "risk.ttl": """@prefix ex: <https://ex.example/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
ex:Risk a owl:Class ; rdfs:label "Risk" ; skos:altLabel "Risks" ; rdfs:subClassOf ex:Trouble . ex:Trouble a owl:Class .
ex:mood a owl:DatatypeProperty ; rdfs:label "mood" .""",
    "logic.ttl": """@prefix ex: <https://ex.example/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix kg: <https://w3id.org/concept-notes#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
ex:reaches a owl:ObjectProperty, owl:TransitiveProperty . kg:linksTo rdfs:subPropertyOf ex:reaches .
ex:cites a owl:ObjectProperty ; owl:propertyChainAxiom ( kg:mentions kg:sectionOf kg:sectionOf ) .
ex:Hub a owl:Class ; owl:equivalentClass [ owl:onProperty kg:linksTo ; owl:someValuesFrom [
    owl:unionOf ( kg:Outcome [ owl:onProperty skos:broader ; owl:someValuesFrom owl:Thing ] ) ] ] .
kg:Outcome rdfs:subClassOf [ owl:onProperty kg:linksTo ; owl:allValuesFrom ex:Wanted ] .
ex:Same a owl:Class ; owl:equivalentClass [ owl:onProperty skos:prefLabel ; owl:hasValue "A" ] .""",
    "rules/y.rq": """PREFIX kg: <https://w3id.org/concept-notes#> PREFIX ex: <https://ex.example/>
CONSTRUCT { ?a ex:near ?b } WHERE { { ?a kg:mentions+/kg:hasSection* ?b } UNION { ?a ^kg:linksTo/kg:linksTo ?b } ?b a kg:Section FILTER(?a != ?b) }""",
    "rules/z.rq": """PREFIX kg: <https://w3id.org/concept-notes#> PREFIX ex: <https://ex.example/>
CONSTRUCT { ?a a ex:Alone } WHERE { ?a a kg:Concept FILTER NOT EXISTS { ?b kg:linksTo ?a } }""",
    "rules/x.rq": """PREFIX kg: <https://w3id.org/concept-notes#>
CONSTRUCT { ?a <https://ex.example/sees> ?b } WHERE { ?a kg:linksTo ?b . ?b kg:linksTo ?a }""",
}
SETTINGS = (
    "",
    'id_property = "id"\n',
    'default_class = "Outcome"\n',
    'ignore = ["sub/deep/"]\n',
    'base = "https://other.example/"\n',
)

paths = st.sampled_from(PATHS)
texts = st.builds(
    lambda front, parts: front + " ".join(parts), st.sampled_from(FRONT), st.lists(st.sampled_from(PARTS), max_size=5)
)


class Ingesting(RuleBasedStateMachine):
    """A vault that is edited in bursts, each followed by an ingest."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.vault = self.folder / "vault"
        self.vault.mkdir()
        self.write("A.md", "[[B]]")
        self.write("Kept.md", "[[A]]")  # a folder where no note is left is a question, not a change (F07)

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def write(self, path: str, text: str) -> None:
        file = self.vault / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("" if path.endswith(".canvas") and not text else text, encoding="utf-8")

    @rule(path=paths, text=texts)
    def edit(self, path: str, text: str) -> None:
        if path.endswith(".canvas"):
            node = (
                '{"nodes": [{"id": "n", "type": "file", "file": "A.md"}, {"id": "m", "type": "file", "file": "B.md"}],'
            )
            text = (
                f'{node} "edges": [{{"fromNode": "n", "toNode": "m", "label": "broader"}}]}}' if len(text) % 2 else ""
            )
        self.write(path, text)

    @rule(path=paths)
    def edit_within_a_tick(self, path: str) -> None:
        file = self.vault / path
        if file.exists() and "[[A]]" in file.read_text(encoding="utf-8"):
            before = file.stat()
            self.write(path, file.read_text(encoding="utf-8").replace("[[A]]", "[[B]]"))
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    @rule(path=paths, other=paths)
    def rename(self, path: str, other: str) -> None:
        if (self.vault / path).exists():
            (self.vault / other).parent.mkdir(parents=True, exist_ok=True)
            (self.vault / path).rename(self.vault / other)

    @rule(path=paths)
    def delete(self, path: str) -> None:
        (self.vault / path).unlink(missing_ok=True)

    @rule(path=st.sampled_from(OTHERS))
    def attachment(self, path: str) -> None:
        if (self.vault / path).exists():
            (self.vault / path).unlink()
        else:
            self.write(path, "x")

    @rule(name=st.sampled_from(sorted(ONTOLOGIES)))
    def ontology(self, name: str) -> None:
        file = self.folder / "ontology" / name
        if file.exists():
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(ONTOLOGIES[name], encoding="utf-8")

    @rule(text=st.sampled_from(SETTINGS))
    def setting(self, text: str) -> None:
        (self.folder / "kg.toml").write_text(f'vault = "vault"\n{text}', encoding="utf-8")

    @rule(text=st.sampled_from(("", "B.md\n", "*.png\nsub/\n!sub/B.md\n")))
    def gitignore(self, text: str) -> None:
        self.write(".gitignore", text)

    @rule(path=paths)
    def spoil_and_mend(self, path: str) -> None:
        """A file that is no text for one ingest: its note stays as it was, and all is right again afterwards."""
        file = self.vault / path
        if file.exists():
            good = file.read_bytes()
            known = set(self.ingest().store.quads())
            file.write_bytes(b"\xff" + good)
            assert set(self.ingest().store.quads()) == known
            file.write_bytes(good)

    def ingest(self, store: str = "store", *, full: bool = False) -> kg.Report:
        return kg.ingest(Vault(config=load(self.vault, cwd=self.folder, store=self.folder / store)), full=full)

    @invariant()
    def equals_a_full_ingest(self) -> None:
        if not hasattr(self, "vault"):
            return
        report, anew = self.ingest(), self.ingest("anew", full=True)
        assert report.store.nquads() == anew.store.nquads()
        assert report.findings == anew.findings
        figures = ("notes", "canvases", "triples", "asserted", "inferred", "ontology", "missing", "wanted", "links")
        assert {key: report.summary[key] for key in figures} == {key: anew.summary[key] for key in figures}
        assert not self.ingest().changed
        self.keyed_equals_whole(report.ledger)

    def keyed_equals_whole(self, state: IngestState) -> None:
        """The index that looks up the recorded notes answers as the index of all notes does."""
        notes = Vault(config=load(self.vault, cwd=self.folder, store=self.folder / "store")).read().notes
        stored = stored_state(self.folder / "store")
        answers_as_whole(state, notes)
        if (stored.attachments, stored.ignored) == (state.attachments, state.ignored):
            answers_as_whole(stored, notes)
            equals(stored, state)  # otherwise no link leads to what has changed, and nothing was published


def run(examples: int, number: int) -> None:
    """So many runs, the same ones every time for the same number; another number tries others."""
    few = settings(
        max_examples=examples,
        stateful_step_count=30,
        deadline=None,
        database=None,
        phases=(Phase.generate,),  # to make thirty edits with an ingest each fewer takes longer than CI has
        suppress_health_check=list(HealthCheck),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest_state, "_MOST_CHANGED", 3)  # so that a table is written, and linked, again and again
        run_state_machine_as_test(draws(number)(Ingesting), settings=few)


@pytest.mark.slow
def test_after_any_edits_an_ingest_equals_a_full_one_at_length() -> None:
    """In two processes."""
    code = f"import sys; sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}; import test_state_machine as t; "
    halves = [
        subprocess.Popen(
            [sys.executable, "-c", f"{code}t.run({at_length(100)}, {number})"], stderr=subprocess.PIPE, text=True
        )
        for number in (1, 2)
    ]
    ends = [(half.communicate()[1], half.returncode) for half in halves]
    assert [code for _, code in ends] == [0, 0], "\n".join(said for said, _ in ends)
