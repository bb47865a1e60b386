"""kg in a notebook: one object with all questions, answers that show themselves, a magic, and the notebooks of the docs."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import kg
from helpers.vaults import write_vault
from kg.core.errors import KgError
from kg.notebook.displays import AnswerTable
from kg.notebook.magic import load_ipython_extension

NOTEBOOKS = sorted((Path(__file__).parents[2] / "docs" / "notebooks").glob("*.ipynb"))
VAULT = {
    "A & <b>.md": "---\ntype: Outcome\n---\nLeads to [[C]] and [[Gone]] by #x.\n",
    "C.md": "---\ntype: Output\nsize: 3\n---\n# Why\nFor [[A & <b>]].\n",
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> kg.KnowledgeGraph:
    vault = tmp_path_factory.mktemp("vault")
    write_vault(vault, VAULT)
    return kg.open(vault)


def test_the_public_names_are_listed() -> None:
    assert {"open", "query", "ingest", "validate", "KnowledgeGraph"} <= set(dir(kg))


def test_an_answer_keeps_its_rows(graph: kg.KnowledgeGraph) -> None:
    for answer in (graph.query("SELECT ?s { ?s a kg:Note }"), kg.query(graph.store, "SELECT ?s { ?s a kg:Note }")):
        assert len(answer.rows) == len(answer.rows) == len(answer.to_dataframe()) == 2
    triples = graph.query("CONSTRUCT WHERE { ?s kg:linksTo ?o }")
    assert len(triples.to_rdflib()) == len(triples.to_dataframe()) == 3
    assert list(triples.to_dataframe().columns) == ["subject", "predicate", "object"]
    assert len(graph.centrality().rows) == len(graph.centrality().to_dataframe()) == 3


def test_a_question_is_asked_as_at_the_prompt(graph: kg.KnowledgeGraph) -> None:
    """By words, with values by position, and by names that Python reserves."""
    things = [row["thing"] for row in graph.query("things", "Output")]
    assert things == ["C"]
    assert [row["thing"] for row in graph.query("things", class_="Output")] == things
    assert [row["missing"] for row in graph.query("what is missing?")] == ["Gone"]
    assert len(graph.query("paths", "A & <b>", to="Gone").rows) == 1
    listed = graph.query("TABLE size WHERE size > 2")
    assert next(dict(row) for row in listed).keys() == {"entity", "label", "size"}
    assert repr(listed).splitlines() == ["entity   size", "C        3"]
    with pytest.raises(KgError, match="the parameter class has two values"):
        graph.query("things", "Output", class_="Outcome")
    with pytest.raises(KgError, match="takes at most one value, not 2: kg query things CLASS"):
        graph.query("things", "Output", "Outcome")


def test_names_are_links_and_never_markup(graph: kg.KnowledgeGraph) -> None:
    html = graph.query("SELECT ?s { ?s a kg:Outcome }")._repr_html_()
    (target,) = re.findall('<a href="(obsidian://open[^"]+)">A &amp; &lt;b&gt;</a>', html)
    assert "A%20%26%20%3Cb%3E" in target
    assert "<b>" not in html.replace("<tbody>", "")
    assert "&lt;b&gt;" in graph.validate()._repr_html_()
    assert "<mark>Leads</mark>" in graph.search("leads")._repr_html_()
    assert graph.map()._repr_html_().count("<") == 2  # the frame, and its end: the page in it is escaped


def test_results_are_readable_without_a_notebook(graph: kg.KnowledgeGraph) -> None:
    assert repr(graph.query("SELECT ?s ?o { ?s kg:linksTo ?o } ORDER BY ?o")).splitlines()[0] == "s         o"
    assert repr(graph.query("ASK { ?s a kg:Output }")) == "True"
    assert repr(graph.show("C")).startswith("C\n")
    assert "“A & <b>” links to “C”" in repr(graph.why("A & <b>", "links to", "C"))
    assert "[L01]" in repr(graph.validate())
    assert repr(graph.search("nowhere-at-all")) == "nothing matches"
    assert ": 2 notes, " in repr(graph)


ANALYSES = [
    *(("centrality",), ("bridges",), ("components",), ("orphans",), ("dead_ends",), ("communities",)),
    *(("path", "C", "Gone"), ("neighbours", "C"), ("gaps",), ("duplicates",), ("similar", "C"), ("suggest",)),
    ("unlinked",),
]


@pytest.mark.parametrize("words", ANALYSES, ids=lambda words: words[0])
def test_every_analysis_is_a_method(words: tuple[str, ...], graph: kg.KnowledgeGraph) -> None:
    table = getattr(graph, words[0])(*words[1:])
    assert isinstance(table, AnswerTable)
    assert table._repr_html_().startswith("<table>")
    assert repr(table)


def test_a_selection_holds_for_all_analyses(graph: kg.KnowledgeGraph) -> None:
    graph.select(classes=["Outcome"])
    assert [row["label"] for row in graph.centrality()] == ["A & <b>"]
    graph.select()
    assert len(graph.centrality().rows) == 3


def test_a_graph_follows_its_notes(tmp_path: Path) -> None:
    (tmp_path / "A.md").write_text("[[B]]")
    graph = kg.open(tmp_path)
    assert len(graph.orphans().rows) == 0
    (tmp_path / "A.md").write_text("alone")
    assert graph.ingest().changed
    assert [row["label"] for row in graph.orphans()] == ["A"]


def test_a_picture_has_options(graph: kg.KnowledgeGraph, tmp_path: Path) -> None:
    drawn = graph.export(tmp_path / "g.svg", theme="dark", background="navy", size=(400, 300), title="Mine").read_text()
    assert 'width="400" height="300"' in drawn and "#000080" in drawn and "<title>Mine</title>" in drawn
    with pytest.raises(kg.KgError, match="layout does not fit the format graphml: it is an option of svg and png"):
        graph.export(tmp_path / "g.graphml", layout="tree")
    with pytest.raises(kg.KgError, match="theme is light or dark, not “pink”"):
        graph.export(tmp_path / "g.svg", theme="pink")  # type: ignore[arg-type]
    with pytest.raises(kg.KgError, match="is not a colour"):
        graph.export(tmp_path / "g.svg", background="bluish")


def test_an_export_is_a_file(graph: kg.KnowledgeGraph, tmp_path: Path) -> None:
    assert "<graphml" in graph.export(tmp_path / "g.graphml", around=("C",)).read_text()
    assert "wasm-unsafe-eval" in graph.export(tmp_path / "g.html", queryable=True).read_text()
    assert "wasm-unsafe-eval" not in graph.export(tmp_path / "g.html").read_text()
    with pytest.raises(kg.KgError, match="queryable does not fit the format svg"):
        graph.export(tmp_path / "g.svg", queryable=True)
    with pytest.raises(kg.KgError, match="is not part of the export"):
        graph.export(tmp_path / "g.gexf", classes=("Output",), around=("A & <b>",))
    assert not (tmp_path / "g.gexf").exists()


def test_a_cell_is_a_query(graph: kg.KnowledgeGraph) -> None:
    magics = {}
    shell = SimpleNamespace(
        user_ns={"g": graph, "_1": graph, "x": 1},
        register_magic_function=lambda function, magic_kind: magics.update({function.__name__: function}),
    )
    load_ipython_extension(shell)
    ask = magics["sparql"]
    assert ask("", "ASK { ?s a kg:Note }").boolean
    assert ask("g -o rows", "SELECT ?s { ?s a kg:Note }") is None
    assert len(shell.user_ns["rows"].rows) == 2
    with pytest.raises(kg.KgError, match="x is not a graph"):
        ask("x", "ASK {}")


@pytest.mark.slow
@pytest.mark.parametrize("place", NOTEBOOKS, ids=lambda place: place.stem)
def test_the_notebooks_of_the_docs_run(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(place, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(place.parent)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not any(output.output_type == "error" for output in outputs)
    assert any("obsidian://open" in output.get("data", {}).get("text/html", "") for output in outputs)


def test_there_are_two_notebooks() -> None:
    assert [place.stem for place in NOTEBOOKS] == ["network", "questions"]
