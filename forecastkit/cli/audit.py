"""`forecastkit audit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecastkit.cli.evaluate import READING, evaluate_files
from forecastkit.cli.options import INTERVALS, STRICT, exit_where_failed, show_warnings, with_options, wrapped

if TYPE_CHECKING:
    from forecastkit.comparison.comparison import Comparison

CODES = "codes"


@click.command("audit")
@click.argument("files", metavar="[FILE|RUN]...", nargs=-1)
@click.option(
    "--explain", metavar="CODE", help="Print what a check looks for, such as H-MIMIC; `codes` lists them all."
)
@click.option("--previous", metavar="FILE", help="An earlier report.json whose data are compared with these.")
@with_options(READING, INTERVALS, STRICT)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    files: tuple[str, ...], explain: str | None, previous: str | None, as_json: bool, **options: Any
) -> None:
    """Ask whether a result can fool its reader: every coded check of honesty.

    RUN is a kept run (see `forecastkit runs list`) or a folder that `forecastkit backtest --out` wrote.
    FILE holds forecasts made by anything, as `forecastkit evaluate` takes them; of these the checks that
    need the model say so.
    """
    if explain is not None:
        click.echo(_explained(explain, as_json))
        return
    if not files:
        raise click.UsageError("Give a run, files of forecasts, or --explain CODE.")
    from forecastkit.auditing import audit
    from forecastkit.reporting.document import to_json

    show_warnings()
    found = {name: audit(one, previous=previous) for name, one in _comparisons(files, options).items()}
    if as_json:
        told = {name: [asdict(finding) for finding in one] for name, one in found.items()}
        click.echo(to_json(told), nl=False)
    else:
        several = len(found) > 1
        click.echo(
            wrapped("\n\n".join(f"{name}\n{one}" if several else str(one) for name, one in found.items()))
        )
    exit_where_failed(found.values(), options["strict"])


def _comparisons(files: tuple[str, ...], options: Mapping[str, Any]) -> dict[str, Comparison]:
    """Read a run, or judge files of forecasts, by series."""
    from forecastkit.errors import DataError

    if len(files) == 1 and not Path(files[0]).is_file():
        from forecastkit.archive import read_run

        result = read_run(files[0])
        return {result.series.name: result}
    judged = evaluate_files(files, options)
    if not judged.comparisons:
        raise DataError(next(iter(judged.refused.values())))
    for name, why in judged.refused.items():
        click.echo(f"Warning: {name} was not audited: {why}", err=True)
    return dict(judged.comparisons)


def _explained(code: str, as_json: bool) -> str:
    from forecastkit.comparison.honesty import CHECKS, explain
    from forecastkit.reporting.audit_words import explanation, explanations
    from forecastkit.reporting.document import to_json

    if code.lower() == CODES:
        return to_json({code: explain(code) for code in CHECKS}).rstrip() if as_json else explanations()
    return to_json({code.upper(): explain(code)}).rstrip() if as_json else explanation(code)
