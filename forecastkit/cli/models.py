"""`forecastkit models`."""

from __future__ import annotations

import click


@click.command("models")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List the models that --models takes."""
    from forecastkit.models.registry import MODELS, model_names
    from forecastkit.reporting.document import to_json

    about = {name: MODELS[name].about if name in MODELS else "from another package" for name in model_names()}
    if as_json:
        click.echo(to_json(about), nl=False)
        return
    width = max(map(len, about))
    for name, text in about.items():
        click.echo(f"{name.ljust(width)}  {text}")
