"""`forecastkit diagnose`."""

from __future__ import annotations

from typing import Any

import click

from forecastkit.cli.options import (
    FORMAT,
    MARKET,
    SERIES,
    default_out,
    load_series,
    show_warnings,
    with_options,
    wrapped,
)


@click.command("diagnose")
@with_options(SERIES, MARKET, FORMAT)
@click.option("--transform", metavar="NAME", help="Applied before, as in `compare`.")
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Seed of the bootstrap.")
@click.option("--out", metavar="DIR", help="Folder of the page.  [default: reports/NAME]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(**options: Any) -> None:
    """Test a series before it is modelled: is there anything to find?

    SOURCE is what `compare` takes. Unit roots and stationarity, autocorrelation, season and cycles,
    linearity, changing variance, breaks and outliers: in words, and as a page with figures.

    The page goes to diagnosis.html, everything it says to diagnosis.json.
    """
    from forecastkit.api import diagnose
    from forecastkit.reporting.diagnosis_page import diagnosis_document, render_diagnosis
    from forecastkit.reporting.document import to_json
    from forecastkit.reporting.publish import publish

    show_warnings()
    series = load_series(options)
    found = diagnose(series, transform=options["transform"], seed=options["seed"])
    out = default_out(options, "reports", series.name)
    publish(render_diagnosis(found, options["formats"]), out)
    as_json = options["as_json"]
    click.echo(to_json(diagnosis_document(found)) if as_json else wrapped(found), nl=not as_json)
    click.echo(f"\nDiagnosis: {out / 'diagnosis.html' if 'html' in options['formats'] else out}", err=True)
