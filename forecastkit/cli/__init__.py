"""The command line: text in, text out. Commands are imported when they are called."""

from __future__ import annotations

import sys
from importlib import import_module

import click

COMMANDS = {
    "compare": "Backtest models on one series, print the verdict, write the report.",
    "diagnose": "Test a series before it is modelled: is there anything to find?",
    "evaluate": "Judge forecasts made by anything, print the verdict, write the report.",
    "audit": "Ask whether a result can fool its reader; explain a check of honesty.",
    "backtest": "Make forecasts from many origins and keep them.",
    "report": "Write the report of a run that was made before, without running a model.",
    "runs": "List, show, compare, export, resume or remove kept runs.",
    "schedule": "Make reports by themselves: once, when due, or all the time.",
    "config": "Check a jobs file, or print the schema of one.",
    "datasets": "List the bundled series, or show one.",
    "models": "List the models that --models takes.",
    "selftest": "Compare every model with the best forecast there is, where that is known.",
    "doctor": "Look at versions, device, data and caches; say what is missing.",
    "completion": "Print the script that completes commands in a shell.",
}
EXIT_CODES = """Exit codes: 0 done, 2 usage, 3 data, 4 a model failed (the report is still written), 5 a check
of honesty failed under --strict, or a gate tripped, 6 nothing could be read or written, 75 in use by
another process, 130 interrupted (what is finished is kept)."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"forecastkit.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest commands where there is none of that name."""
        from forecastkit.errors import nearest

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"There is no command {args[0]!r}. {nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the table without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="forecastkit")
def group() -> None:
    """Is a recurrent network worth it over an autoregression for a series, and up to which horizon?

    Start with: forecastkit compare sunspots
    """


def main() -> None:
    """Run the command line and exit with its code."""
    from forecastkit.errors import ForecastKitError, exit_code

    try:
        code = group(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted: what is finished is kept; the same command goes on from there.", err=True)
        code = 130
    except ForecastKitError as error:
        click.echo(f"Error: {error}", err=True)
        code = exit_code(error)
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
