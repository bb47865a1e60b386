"""`kg infer` and `kg why`: infer triples, and explain them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from kg.cli.freshness import refresh
from kg.cli.options import Options, as_of, chosen_config, common, emit, say_findings, vault_config
from kg.core.json_text import json_text

if TYPE_CHECKING:
    from kg.reasoning.inference import Inference


@click.command()
@click.argument("vault", required=False, type=click.Path(readable=False, path_type=Path))
@click.option(
    "--engine",
    type=click.Choice(["rules", "owlrl"]),
    help="Infer by kg's rules or by owlrl, which is slow. Default: rules, or owlrl if the rules do not suffice.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the figures.")
@common
def infer(options: Options, vault: Path | None, engine: str | None, as_json: bool) -> None:
    """Infer everything again from the asserted triples.

    `kg ingest` infers at its end; use this command while you write rules and axioms. Exits with 1 if the notes
    contradict the ontology.
    """
    from kg.ingestion.reinference import infer_again
    from kg.reasoning.contradictions import contradictions
    from kg.reasoning.explanation import Explainer
    from kg.store.store import published
    from kg.validation.suppression import reported

    config = chosen_config(options, vault)
    done = infer_again(config, cast("Any", engine))
    snapshot = published(config.store)
    findings = reported(config, sorted(contradictions(Explainer(config, snapshot)))) if snapshot else ()
    say_findings(options, config, findings)
    inference = done.inference
    if as_json:
        row = {
            "inferred": inference.triples,
            "triples": done.triples,
            "engine": inference.engine,
            "because": list(inference.because),
            "ignored": list(inference.ignored),
            "contradictions": len(findings),
            "seconds": done.seconds,
        }
        emit(json_text(row) + "\n")
    else:
        say_inference(options, inference)
        options.say(f"inferred {inference.triples:,} of {done.triples:,} triples ({done.seconds:.2f} s)")
    if done.is_stale:
        options.say("hint: the ontology has changed since the last ingest; run kg ingest", dim=True)
    if findings:
        sys.exit(1)


def say_inference(options: Options, done: "Inference") -> None:
    """Print the engine, unless it is kg's rules, and the constructs of the ontology that it ignored."""
    if done.engine == "owlrl":
        options.say(f"{'engine':<8} owlrl{', for ' if done.because else ''}{', '.join(done.because)}")
    if done.ignored:
        options.say(f"hint: nothing follows from {', '.join(done.ignored)}, which OWL 2 RL does not cover", dim=True)


@click.command()
@click.argument("subject", metavar="S")
@click.argument("predicate", required=False, metavar="[P")
@click.argument("obj", required=False, metavar="O]")
@click.option("--all", "everything", is_flag=True, help="Explain all inferred triples of S.")
@click.option(
    "-f", "--format", "format_", type=click.Choice(["text", "json", "md"]), default="text", help="Write in this format."
)
@as_of
@common
def why(options: Options, subject: str, predicate: str | None, obj: str | None, everything: bool, format_: str) -> None:
    """Explain why a triple holds, by rules and lines of notes.

    S, P and O are names from the notes and the ontology, CURIEs (kg:Outcome) or IRIs; P can be `a`. Shows the
    derivation with the fewest steps; for an asserted triple, only its lines. Exits with 1 if the triple does not hold.
    """
    from kg.reasoning.explanation import Explainer
    from kg.rendering.explanations import FORMATS
    from kg.store.store import Published

    if everything == (predicate is not None) or (predicate is None) != (obj is None):
        raise click.UsageError("Give a triple, S P O, or one thing with --all.")
    config = vault_config(options)
    refresh(options, config)
    explainer = Explainer(config, Published(config.store))
    if predicate is not None and obj is not None:
        explained = explainer.why(subject, predicate, obj)
    else:
        explained = explainer.everything(subject)
        if not explained:
            options.say(f"Nothing was inferred about “{subject}”.")
    color = options.color is not False if sys.stdout.isatty() else None
    emit(FORMATS[format_](explained, color), styled=format_ == "text", color=bool(color))
