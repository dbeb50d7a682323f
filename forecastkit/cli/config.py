"""`forecastkit config`."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("config")
def command() -> None:
    """Check a jobs file, or print the schema of one."""


@command.command("schema")
def print_schema() -> None:
    """Print the JSON schema of a jobs file, for editors."""
    from forecastkit.reporting.document import to_json
    from forecastkit.schedule.configuration import schema

    click.echo(to_json(schema()), nl=False)


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(file: Path, as_json: bool) -> None:
    """Check a jobs file: every fault at once, each with its place."""
    from forecastkit.errors import ConfigurationError
    from forecastkit.reporting.document import to_json
    from forecastkit.schedule.configuration import read_jobs

    try:
        jobs = read_jobs(file)
    except ConfigurationError as error:
        if not as_json:
            raise
        click.echo(to_json({"file": str(file), "faults": str(error).splitlines()}), nl=False)
        click.get_current_context().exit(2)
    if as_json:
        click.echo(to_json({"file": str(file), "faults": [], "jobs": list(jobs.jobs)}), nl=False)
        return
    click.echo(f"{file}: {len(jobs.jobs)} jobs, no fault ({', '.join(jobs.jobs)}).")
