"""`forecastkit schedule`."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from forecastkit.schedule.desk import Desk
    from forecastkit.schedule.memory import Remembered

FILE = click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
STORE = click.option(
    "--store",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Where runs are kept.  [default: in the user's data folder]",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
WORKERS = click.option(
    "--workers", type=click.IntRange(1), default=1, show_default=True, help="Jobs that run at once."
)
JOBS_FILE = click.option(
    "--file", "file", type=click.Path(path_type=Path), default="jobs.toml", show_default=True, metavar="FILE"
)
KINDS = ("cron", "systemd", "kubernetes", "github")


@click.group("schedule")
def command() -> None:
    """Make reports by themselves: each compares with the runs before it.

    FILE says which jobs there are, see `forecastkit config schema`. Exit code 5: a gate tripped; 75: the job
    is running.
    """


@command.command("once")
@click.argument("job")
@JOBS_FILE
@STORE
@JSON
def once(job: str, file: Path, store: Path | None, as_json: bool) -> None:
    """Run a job now and exit with its code: for cron, systemd, Kubernetes and GitHub Actions."""
    from forecastkit.reporting.document import to_json
    from forecastkit.schedule.supervise import run_once

    _end_when_told()
    desk = _desks(file, store, job)[0]
    code, run = run_once(desk, _say)
    found = desk.memory.find(run)
    if as_json:
        click.echo(to_json({"run": run, "job": job, "code": code, **(found.told if found else {})}), nl=False)
    elif found is not None and found.published:
        click.echo(desk.report_of(run) / "index.html")
    click.get_current_context().exit(code)


@command.command("run")
@FILE
@WORKERS
@STORE
def run_due(file: Path, workers: int, store: Path | None) -> None:
    """Run what is due, then exit: with the highest code of any job.

    A job that never ran is due at once; times that were missed are caught up by one run.
    """
    from forecastkit.schedule.supervise import attend

    _end_when_told()
    codes = attend(_desks(file, store), workers=workers, forever=False, say=_say)
    if not codes:
        _say("Nothing is due.")
    click.get_current_context().exit(max(codes, default=0))


@command.command("serve")
@FILE
@WORKERS
@STORE
def serve(file: Path, workers: int, store: Path | None) -> None:
    """Run what is due, for ever. The file is read once, at the start."""
    from forecastkit.schedule.supervise import attend

    _end_when_told()
    desks = _desks(file, store)
    _say(f"Serving {len(desks)} jobs of {file}.")
    attend(desks, workers=workers, forever=True, say=_say)


@command.command("work", hidden=True)
@click.argument("job")
@JOBS_FILE
@click.option("--run", required=True)
@click.option("--scheduled", required=True)
@STORE
def work_on(job: str, file: Path, run: str, scheduled: str, store: Path | None) -> None:
    """Make one run in this process; the scheduler calls it."""
    from forecastkit.cli.options import show_warnings
    from forecastkit.schedule.work import work

    show_warnings()
    desk = _desks(file, store, job, models=True)[0]
    click.get_current_context().exit(work(desk, run, datetime.fromisoformat(scheduled)))


@command.command("list")
@FILE
@STORE
@JSON
def list_jobs(file: Path, store: Path | None, as_json: bool) -> None:
    """List the jobs of a file: when they run, and how they ended last."""
    from forecastkit.reporting.document import to_json

    told: list[dict[str, Any]] = []
    for desk in _desks(file, store):
        last = next(iter(desk.memory.runs(desk.name, limit=1)), None)
        told.append(
            {
                "job": desk.name,
                "cron": desk.job.cron,
                "time_zone": desk.job.time_zone,
                "series": [source.called for source in desk.job.sources],
                "folder": str(desk.folder),
                "last": None if last is None else _run(desk, last),
            }
        )
    if as_json:
        click.echo(to_json(told), nl=False)
        return
    width = max(len(one["job"]) for one in told)
    for one in told:
        when = f"{one['cron']} {one['time_zone']}" if one["cron"] else "by hand"
        ended = f"last {one['last']['when']}: {_ended(one['last']['code'])}" if one["last"] else "never ran"
        click.echo(f"{one['job'].ljust(width)}  {when}, {len(one['series'])} series, {ended}")


@command.command("next")
@FILE
@click.option("--count", type=click.IntRange(1), default=3, show_default=True, help="Times per job.")
@STORE
@JSON
def next_times(file: Path, count: int, store: Path | None, as_json: bool) -> None:
    """Show when jobs run next, and which are due now."""
    from itertools import islice

    from forecastkit.reporting.document import to_json
    from forecastkit.schedule.due import times_after

    now = datetime.now(UTC)
    told: list[dict[str, Any]] = []
    for desk in _desks(file, store):
        cron, zone = desk.job.cron, desk.job.time_zone
        coming = [] if cron is None else list(islice(times_after(cron, zone, now), count))
        due = desk.due(now)
        told.append(
            {
                "job": desk.name,
                "due": None if due is None else desk.written(due),
                "next": [desk.written(time) for time in coming],
                "time_zone": zone,
            }
        )
    if as_json:
        click.echo(to_json(told), nl=False)
        return
    width = max(len(one["job"]) for one in told)
    for one in told:
        overdue = f"due now for {one['due']}; " if one["due"] else ""
        times = ", ".join(one["next"]) or "by hand"
        click.echo(f"{one['job'].ljust(width)}  {overdue}{times} {one['time_zone']}")


@command.command("history")
@FILE
@click.argument("job", required=False)
@click.option("--count", type=click.IntRange(1), default=20, show_default=True, help="Runs per job.")
@STORE
@JSON
def history(file: Path, job: str | None, count: int, store: Path | None, as_json: bool) -> None:
    """Show how the runs of all jobs, or of one, ended, newest first."""
    from forecastkit.reporting.document import to_json

    told = []
    for desk in _desks(file, store, job):
        told += [{"job": desk.name, **_run(desk, run)} for run in desk.memory.runs(desk.name, limit=count)]
    if as_json:
        click.echo(to_json(told), nl=False)
        return
    for one in told:
        click.echo(f"{one['when']}  {one['job']}: {_ended(one['code'])}. {one['what']}")
    if not told:
        click.echo("No run yet.")


@command.command("emit")
@FILE
@click.option("--cron", "kind", flag_value="cron", help="A line for crontab.")
@click.option("--systemd", "kind", flag_value="systemd", help="A service and a timer for each job.")
@click.option("--kubernetes", "kind", flag_value="kubernetes", help="A CronJob for each job, and a volume.")
@click.option("--github", "kind", flag_value="github", help="A workflow for GitHub Actions.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Write files instead of printing."
)
@click.option(
    "--image", default="forecastkit:latest", show_default=True, help="Image of the Kubernetes jobs."
)
def emit(file: Path, kind: str | None, out: Path | None, image: str) -> None:
    """Print what starts the jobs of a file by another scheduler."""
    from forecastkit.reporting.publish import publish
    from forecastkit.schedule.emit import emitted

    if kind is None:
        raise click.UsageError("Say for what: " + ", ".join(f"--{name}" for name in KINDS) + ".")
    files = emitted(kind, _desks(file, None, models=True), image=image)
    if out is not None:
        publish(files, out)
        click.echo("\n".join(str(out / name) for name in files))
        return
    for name, text in files.items():
        click.echo((f"# {name}\n" if len(files) > 1 else "") + text, nl=False)


def _desks(file: Path, store: Path | None, only: str | None = None, *, models: bool = False) -> list[Desk]:
    from forecastkit.schedule.desk import open_desks
    from forecastkit.schedule.memory import Memory

    return open_desks(file, None if store is None else Memory(store), only=only, models=models)


def _run(desk: Desk, run: Remembered) -> dict[str, Any]:
    return {
        "run": run.run,
        "when": desk.written(run.scheduled),
        "code": run.code,
        "what": run.sentence,
        "report": str(desk.report_of(run.run)) if run.published else "",
    }


def _ended(code: int | None) -> str:
    from forecastkit.reporting.editions_page import RESULTS

    return "running or cut off" if code is None else f"{RESULTS.get(code, 'failed')} (exit {code})"


def _say(line: str) -> None:
    click.echo(f"{datetime.now():%H:%M:%S} {line}", err=True)


def _end_when_told() -> None:
    """Let a request to end take the jobs along."""

    def end(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
