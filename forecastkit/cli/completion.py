"""`forecastkit completion`."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(shell: str, as_json: bool) -> None:
    """Print the script that completes commands and options in a shell.

    In ~/.bashrc: eval "$(forecastkit completion bash)". In ~/.zshrc: eval "$(forecastkit completion zsh)". In
    ~/.config/fish/config.fish: forecastkit completion fish | source.
    """
    from click.shell_completion import get_completion_class

    from forecastkit.cli import group

    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"click knows no completion for {shell}.")
    script = completion(group, {}, "forecastkit", "_FORECASTKIT_COMPLETE").source()
    if as_json:
        from json import dumps

        click.echo(dumps({"shell": shell, "script": script}, indent=1))
    else:
        click.echo(script)
