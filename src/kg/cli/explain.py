"""`kg explain`: what a finding means, and how to mend it."""

import click

from kg.cli.options import Options, common, emit, tell, vault_config
from kg.core.escaping import printable


@click.command()
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(["text", "json", "md"]),
    default="text",
    show_default=True,
    help="Write in this format.",
)
@common
def explain(options: Options, codes: tuple[str, ...], format_: str) -> None:
    """Explain what a finding means, with an example and a remedy.

    CODE is the code at the end of a finding, for example L01. A prefix (L, S0) lists its codes, and no CODE lists all,
    with those of the shapes of this vault.
    """
    from kg.core.finding_rules import covers
    from kg.core.findings import CODES
    from kg.rendering.code_explanations import FORMS, CodeExplanation
    from kg.validation.codes import codes_of, unknown

    known = {**CODES} if codes and set(codes) <= CODES.keys() else codes_of(vault_config(options))
    for code in codes:
        if not any(covers(code, name) for name in known):
            raise unknown(code, known)
    chosen = [row for name, row in known.items() if not codes or any(covers(code, name) for code in codes)]
    if format_ == "text" and not set(codes) & known.keys():
        for row in chosen:
            tell(printable(f"{row.code:<{max(map(len, known))}}  {row.severity:<7}  {row.title}".rstrip()))
        return
    emit(FORMS[format_]([CodeExplanation.of(row) for row in chosen]), styled=format_ == "text")
