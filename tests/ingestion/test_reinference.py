"""`kg infer`: it infers again, and says when the notes were read by another ontology."""

import time
from pathlib import Path

import pytest

import kg
from helpers.vaults import Write, write_vault
from kg.config import load
from kg.ingestion.fingerprint import Fingerprint
from kg.ingestion.freshness import Refresh, refresh
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


def test_a_new_rule_is_up_to_date_after_it(write: Write) -> None:
    """Without an ingest: no question reports that a rule has changed, and the next ingest has nothing to do."""
    rule = "CONSTRUCT { ?a <https://e.example/o#near> ?b } WHERE { ?b kg:linksTo ?a }"
    vault = write({"A.md": "[[B]]\n", "B.md": "b\n", "ontology/t.ttl": HEAD})
    config = load(vault, cwd=vault)
    kg.ingest(kg.Vault(config=config))
    write_vault(vault, {"ontology/rules/one.rq": rule})
    assert refresh(config).reason == "the ontology, a rule or a setting has changed"
    assert not infer_again(config).is_stale
    assert not refresh(config).reason
    assert not kg.ingest(kg.Vault(config=config)).changed
    Path(vault, "ontology/t.ttl").write_text(f"{HEAD}ex:Risk ex:p 2 .\n")
    infer_again(config)
    assert refresh(config).reason == "the ontology, a rule or a setting has changed"


def test_rules_without_an_ingest_hide_no_other_change(write: Write) -> None:
    vault = write({"A.md": "a\n", "kg.toml": ""})
    kg.ingest(vault)
    Path(vault, "kg.toml").write_text('default_class = "Outcome"\n')
    infer_again(load(vault, cwd=vault))
    assert refresh(load(vault, cwd=vault)).reason


def test_a_new_attachment_that_no_note_links_to_is_looked_at_once(write: Write) -> None:
    """It publishes nothing, but the fingerprint holds it, so that no question compares files again."""
    vault = write({"A.md": "a\n"})
    kg.ingest(vault)
    write_vault(vault, {"map.png": "x"})
    time.sleep(0.06)  # the time of its last change on the disk must be past, see `fingerprint._SAFE`
    config = load(vault, cwd=vault)
    assert refresh(config).others
    assert Fingerprint.of(config).is_kept(config)
    assert refresh(config) == Refresh()
