"""The files of an ontology as a whole: the prefixes that they declare, and the ontologies that they import."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from kg.core.findings import Finding, of_file
from kg.core.text import nfc
from kg.mapping.ontology_files import OntologyFile, OntologyFolder
from kg.rdf.iris import encode_path
from kg.rdf.sparql_syntax import line_and_column
from kg.rdf.terms import OWL
from kg.rdf.vocabulary import iri_of

_IMPORTS, _VERSION = OWL + "imports", OWL + "versionIRI"


def declared_prefixes(
    known: Mapping[str, str], folders: Iterable[tuple[Path, OntologyFolder]]
) -> tuple[dict[str, str], list[Finding]]:
    """Add the prefixes of an ontology's files to the known prefixes; return all, and findings on prefixes that clash.

    The first declaration counts: the known prefixes, then the files in the order of their paths.
    """
    prefixes, clashes = dict(known), []
    for folder, content in folders:
        for file in content.files:
            for name, space in file.prefixes.items():
                first = prefixes.setdefault(name, space)
                if first != space:
                    message = f"the prefix “{name}:” is <{first}> in queries, and <{space}> in this file"
                    clashes.append(_finding(folder, file, "O04", message, _declaration(name)))
    return prefixes, clashes


def _declaration(prefix: str) -> str:
    """The pattern of a prefix's declaration in Turtle, RDF/XML or JSON-LD."""
    name = re.escape(prefix)
    return rf'(?i:@?prefix)\s+{name}:|xmlns{":" if name else ""}{name}\s*=|"{name}"\s*:'


def missing_imports(base: str, folders: Iterable[tuple[Path, OntologyFolder]]) -> Iterator[Finding]:
    """Yield a finding on each imported ontology (`owl:imports`) that no local file answers.

    A file answers by the IRI or version IRI of its ontology, by its own IRI, or by a catalog's entry.
    """
    folders = list(folders)
    here = {_bare(iri) for folder, content in folders for iri in _answered(base, folder, content)}
    for folder, content in folders:
        for file in content.files:
            for imported in dict.fromkeys(iri_of(t.object) for t in file.triples if t.predicate.value == _IMPORTS):
                if imported and _bare(imported) not in here:
                    message = f"the imported ontology <{imported}> is not here: kg fetches nothing"
                    yield _finding(folder, file, "O05", message, re.escape(imported))


def _answered(base: str, folder: Path, content: OntologyFolder) -> Iterator[str]:
    """Yield the IRIs of ontologies that a folder has."""
    files = {file.file for file in content.files}
    yield from (iri for iri, place in content.catalog.items() if place in files)
    for file in content.files:
        yield f"{base}ontology/{encode_path(nfc(file.file.relative_to(folder).as_posix()))}"
        yield from file.headers
        yield from (iri_of(t.object) for t in file.triples if t.predicate.value == _VERSION)


def _bare(iri: str) -> str:
    return iri.rstrip("#/")


def _finding(folder: Path, file: OntologyFile, code: str, message: str, pattern: str) -> Finding:
    """A finding at the first match of a pattern in a file, else at its beginning."""
    match = re.search(pattern, file.text)
    place = line_and_column(file.text, match.start() if match else 0)
    return of_file(f"{folder.name}/{nfc(file.file.relative_to(folder).as_posix())}", code, message, *place)
