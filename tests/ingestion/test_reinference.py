"""`kg infer`: it infers again, and says when the notes were read by another ontology."""

from pathlib import Path

import pytest

import kg
from helpers.vaults import Write
from kg.config import load
from kg.ingestion.reinference import infer_again

HEAD = "@prefix ex: <https://e.example/o#> .\n@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\nex:Risk a <http://www.w3.org/2002/07/owl#Class> .\n"
VALUES = ['"1"^^xsd:nonNegativeInteger', "01", "1.50", '"1"^^xsd:boolean', '"2026-01-31T09:30:00+00:00"^^xsd:dateTime', '"7"^^xsd:byte', "1.0e0"]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_an_ontology_that_has_not_changed_is_not_stale(write: Write, value: str) -> None:
    vault = write({"A.md": "a\n", "ontology/t.ttl": f"{HEAD}ex:Risk ex:p {value} , [ ex:q {value} ] .\n"})
    config = load(vault, cwd=vault)
    kg.ingest(kg.Vault(config=config))
    assert [infer_again(config).is_stale for _ in range(2)] == [False, False]


def test_an_ontology_that_has_changed_is_stale(write: Write) -> None:
    vault = write({"A.md": "a\n", "ontology/t.ttl": HEAD})
    config = load(vault, cwd=vault)
    kg.ingest(kg.Vault(config=config))
    Path(vault, "ontology/t.ttl").write_text(f"{HEAD}ex:Risk ex:p 2 .\n")
    assert infer_again(config).is_stale
