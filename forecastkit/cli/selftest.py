"""`forecastkit selftest`."""

from __future__ import annotations

from dataclasses import asdict

import click

from forecastkit.cli.options import Names


@click.command("selftest")
@click.option("--quick", is_flag=True, help="Shorter series, networks hardly trained: a minute, not six.")
@click.option("--models", type=Names(), help="Only these.  [default: every registered one]")
@click.option(
    "--workers", type=click.IntRange(1), default=2, show_default=True, metavar="N", help="For networks."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(quick: bool, models: tuple[str, ...] | None, workers: int, as_json: bool, quiet: bool) -> None:
    """Compare every model with the best forecast there is, where that is known.

    On synthetic processes the forecast with the true parameters is known. Every model has a band beside it,
    at each h; a wrong index, a wrong sign or a leak takes it outside, and the exit code is then 4.
    """
    from forecastkit.reporting.document import to_json
    from forecastkit.selftest import run_selftest

    def done(name: str) -> None:
        if not quiet:
            click.echo(f"{name} done", err=True)

    found = run_selftest(models, quick=quick, workers=workers, progress=done)
    if as_json:
        rows = [{**asdict(row), "inside": row.inside} for row in found.rows]
        click.echo(to_json({"rows": rows, "seconds": found.seconds}), nl=False)
    else:
        click.echo(found)
    if found.outside:
        names = ", ".join(dict.fromkeys(row.model for row in found.outside))
        click.echo(f"Error: {names} stand outside their bands: wrong code, or a leak.", err=True)
        click.get_current_context().exit(4)
