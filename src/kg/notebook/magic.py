"""The notebook magic `%%sparql`: a cell that is a query."""

from typing import Any

from kg.core.errors import KgError
from kg.notebook.displays import AnswerTable
from kg.notebook.graph import KnowledgeGraph


def load_ipython_extension(shell: Any) -> None:
    """Register `%%sparql` in IPython; `%load_ext kg` calls this."""

    def sparql(line: str, cell: str) -> AnswerTable | None:
        """Ask an open graph: `%%sparql [GRAPH] [-o NAME]`. GRAPH is a variable; by default, the last one opened."""
        words, name = line.split(), ""
        if "-o" in words[:-1]:
            at = words.index("-o")
            name = words[at + 1]
            del words[at : at + 2]
        answer = _graph(shell.user_ns, words).query(cell)
        if name:
            shell.user_ns[name] = answer
            return None
        return answer

    shell.register_magic_function(sparql, magic_kind="cell")


def _graph(names: dict[str, Any], words: list[str]) -> KnowledgeGraph:
    """The graph that a cell names, else the graph that was opened last."""
    graphs = [value for name, value in names.items() if isinstance(value, KnowledgeGraph) and not name.startswith("_")]
    chosen = names.get(words[0]) if words else graphs[-1] if graphs else None
    if not isinstance(chosen, KnowledgeGraph) or len(words) > 1:
        what = f"{' '.join(words)} is not a graph" if words else "no graph is open"
        raise KgError(f"{what}: graph = kg.open('notes'), then %%sparql graph")
    return chosen
