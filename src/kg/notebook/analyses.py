"""The analyses of a vault, as tables that show themselves."""

from collections.abc import Sequence

from kg.analysis import tables
from kg.analysis.network import Network
from kg.analysis.network_reader import read
from kg.analysis.tables import Table
from kg.core.errors import NotFound
from kg.notebook.displays import AnswerTable
from kg.notes.vault import without_collection
from kg.reasoning.explanation import Explainer
from kg.rendering.analysis_tables import display_table
from kg.rendering.tables import TermNames
from kg.store.project import Project
from kg.store.store import Published


class Analyses:
    """The analyses of `kg analyze`, for the project of an open vault; each returns a table.

    They look at the whole network, or at what `select` chose. A name that means nothing raises NotFound.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self._selected: Network | None = None

    # ---- structure -----------------------------------------------------------------------------------------------

    def centrality(self, by: str = "pagerank") -> AnswerTable:
        """How central each thing is; first those with the greatest value of `by`, one of the columns."""
        return self._shown(tables.centrality(self._network, by))

    def bridges(self) -> AnswerTable:
        """The things and links without which a part of the network falls apart."""
        return self._shown(tables.bridges(self._network))

    def components(self, *, members: bool = False) -> AnswerTable:
        """The parts without links between them; with `members`, a row per thing."""
        return self._shown(tables.components(self._network, members=members))

    def orphans(self) -> AnswerTable:
        """The things without links."""
        return self._shown(tables.orphans(self._network))

    def dead_ends(self) -> AnswerTable:
        """The things that are linked to and link to nothing."""
        return self._shown(tables.dead_ends(self._network))

    def communities(self, *, members: bool = False, resolution: float = 1.0) -> AnswerTable:
        """Groups of closely linked things; with `members`, a row per thing. A greater resolution gives more groups."""
        from kg.analysis.communities import described

        partition, words = described(self.project.store, self._network, resolution)
        return self._shown((tables.members if members else tables.communities)(partition, words))

    # ---- paths ---------------------------------------------------------------------------------------------------

    def path(self, start: str, end: str) -> AnswerTable:
        """The shortest path of links between two things, a row per step. Raises NotFound if there is none."""
        from kg.analysis.paths import node_number, path_table, shortest

        explainer = self._explainer
        ends = (node_number(self._network, explainer, name) for name in (start, end))
        routes = shortest(self._network, *ends)
        if not routes.paths:
            raise NotFound(f"no path leads from “{start}” to “{end}”")
        return self._shown(path_table(self._network, explainer, routes))

    def neighbours(self, name: str, depth: int = 1) -> AnswerTable:
        """The things within `depth` links of a thing, nearest first."""
        from kg.analysis.paths import around, neighbours_table, node_number

        explainer = self._explainer
        near = around(self._network, node_number(self._network, explainer, name), depth)
        return self._shown(neighbours_table(self._network, explainer, near))

    # ---- what is missing, alike, or doubled ----------------------------------------------------------------------

    def gaps(self, *kinds: str) -> AnswerTable:
        """What is missing: notes, files, outputs of outcomes, and more; only the given kinds, if any."""
        from kg.analysis.gaps import gaps

        return self._shown(gaps(self.project.store, self._network, kinds))

    def duplicates(self, at_least: float = 0.7) -> AnswerTable:
        """Likely duplicates among authors, tags and notes, with a score of at least `at_least` (up to 1)."""
        from kg.analysis.duplicates import duplicates

        return self._shown(duplicates(self.project.store, at_least))

    def similar(self, name: str) -> AnswerTable:
        """The things most similar to a thing by words and links."""
        from kg.analysis.similarity import texts

        with without_collection():
            words = texts(self.project.config, self.project.store, self._network)
        return self._shown(tables.similar(self._network, words, self._number(name)))

    def suggest(self, name: str | None = None) -> AnswerTable:
        """Links worth making, in the whole vault or for a thing."""
        from kg.analysis.similarity import texts

        with without_collection():
            words = texts(self.project.config, self.project.store, self._network)
        return self._shown(tables.suggest(self._network, words, self._number(name) if name else None))

    def unlinked(self, name: str | None = None) -> AnswerTable:
        """Places that have the name of a thing, or of the given one, and do not link to it."""
        from kg.analysis.unlinked_mentions import unlinked

        thing = self._number(name) if name else None
        mentions = unlinked(self.project.config, self.project.store, self._network, thing)
        return self._shown(tables.unlinked(self._network, mentions))

    def history(self, by: str = "commit") -> AnswerTable:
        """The growth of the graph over the commits of the vault, a row per commit, day, week, month or year."""
        from kg.analysis.history import history

        return self._shown(history(self.project.config, by))

    # ---- what they share -----------------------------------------------------------------------------------------

    def _shown(self, table: Table) -> AnswerTable:
        answer, display = (rows.answer(self.project.store.prefixes) for rows in (table, display_table(table)))
        return AnswerTable(
            answer.kind,
            answer.result,
            answer.prefixes,
            names=TermNames.of(self.project.store, names=table.names()),
            display=display,
        )

    def _number(self, name: str) -> int:
        from kg.analysis.paths import node_number

        return node_number(self._network, self._explainer, name)

    @property
    def _explainer(self) -> Explainer:
        return Explainer(self.project.config, Published(self.project.store.path))

    @property
    def _network(self) -> Network:
        return self.select() if self._selected is None else self._selected

    def select(self, *, links: Sequence[str] = (), classes: Sequence[str] = (), inferred: bool = False) -> Network:
        """Select the network of all analyses: by links, by classes of things, with inferred links. Raises KgError."""
        with without_collection():
            self._selected = read(self.project.store, links=links, classes=classes, inferred=inferred)
        return self._selected
