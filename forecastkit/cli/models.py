"""`forecastkit models`."""

from __future__ import annotations

from importlib.resources import files
from json import dumps

import click


@click.command("models")
@click.option("--template", is_flag=True, help="Print a model of one's own to start from.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(template: bool, as_json: bool) -> None:
    """List the models that --models takes, or print the pattern of one's own."""
    if template:
        text = (files("forecastkit") / "models" / "template.py").read_text(encoding="utf-8")
        click.echo(dumps({"template": text}) if as_json else text, nl=as_json)
        return
    from forecastkit.models.registry import MODELS, model_names
    from forecastkit.reporting.document import to_json
    from forecastkit.reporting.terminal import listed

    about = {name: MODELS[name].about if name in MODELS else "from another package" for name in model_names()}
    if as_json:
        click.echo(to_json(about), nl=False)
        return
    width = max(map(len, about))
    for name, text in about.items():
        click.echo(listed(name, text, width + 2))
