"""`forecastkit runs`: what was run before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecastkit.cli.options import STORE_FILE, exit_for, show_warnings, with_options, wrapped
from forecastkit.cli.progress import progress_on_stderr

if TYPE_CHECKING:
    from forecastkit.runs.store import RunState

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
COMMON = (STORE_FILE, JSON)


@click.group("runs")
def command() -> None:
    """List, show, compare, export, resume or remove kept runs.

    A run is named by its id, the beginning of it, "last", or "last~1" for the one before.
    """


@command.command("list")
@with_options(COMMON)
def list_runs(store: str | None, as_json: bool) -> None:
    """List the kept runs, the latest first."""
    from forecastkit.reporting.document import to_json
    from forecastkit.runs.store import open_store

    with open_store(store or True, write=False) as opened:
        states = opened.states()
    if as_json:
        click.echo(to_json({"runs": [_brief(state) for state in states]}), nl=False)
    elif not states:
        click.echo("No run is kept yet.", err=True)
    else:
        columns = ("run", "last at work (UTC)", "series", "models", "state", "verdict")
        rows = [
            (
                state.id,
                state.touched[:16].replace("T", " "),
                state.series,
                ", ".join(_models(state)),
                _progress(state),
                state.result.get("outcome", "").replace("_", " "),
            )
            for state in states
        ]
        click.echo(_table(columns, rows, words=columns))


@command.command("show")
@click.argument("run")
@with_options(COMMON)
def show(run: str, store: str | None, as_json: bool) -> None:
    """Show what a run was asked, how far it is, and its errors by horizon."""
    from forecastkit.reporting.document import to_json
    from forecastkit.runs.store import open_store

    with open_store(store or True, write=False) as opened:
        state = opened.state(run)
        scores = opened.scores(state.id)
    if as_json:
        names = ("model", "h", "origins", "mae", "mse")
        told = {**asdict(state), "scores": [dict(zip(names, row, strict=True)) for row in scores]}
        click.echo(to_json(told), nl=False)
        return
    plan = {name: value for name, value in state.settings.get("plan", {}).items() if value}
    facts = {
        "run": state.id,
        "series": state.series,
        "state": _progress(state),
        "began": f"{state.began[:16].replace('T', ' ')} UTC",
        "last at work": f"{state.touched[:16].replace('T', ' ')} UTC",
        "models": ", ".join(state.settings.get("models", {})),
        "plan": ", ".join(f"{name} {value}" for name, value in plan.items()),
        "transform": state.settings.get("transform", ""),
        "verdict": state.result.get("sentence", ""),
    }
    for name, value in facts.items():
        if value:
            click.echo(f"{name:<14}{value}")
    if scores:
        click.echo("\n" + _score_table(scores))


@command.command("diff")
@click.argument("first")
@click.argument("second")
@with_options(COMMON)
def diff(first: str, second: str, store: str | None, as_json: bool) -> None:
    """Say what changed between two runs: data, settings, versions, scores, verdict."""
    from forecastkit.archive import compare_runs
    from forecastkit.reporting.document import to_json
    from forecastkit.runs.store import open_store

    with open_store(store or True, write=False) as opened:
        names = [opened.find(first), opened.find(second)]
        changes = compare_runs(opened, *names)
    if as_json:
        told = {what: {name: values for name, *values in rows} for what, rows in changes.items()}
        click.echo(to_json({"runs": names, **told}), nl=False)
        return
    rows = [
        (what if i == 0 else "", name, *map(_short, values))
        for what, found in changes.items()
        for i, (name, *values) in enumerate(found or [("the same", "", "")])
    ]
    columns = ("", "what", *names)
    click.echo(_table(columns, rows, words=columns))


@command.command("export")
@click.argument("run")
@click.option("--to", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True)
@click.option("--out", metavar="DIR", help="Folder.  [default: runs/, named after the run]")
@click.option("--overwrite", is_flag=True, help="Replace the other run that the folder holds.")
@with_options((STORE_FILE,))
def export(run: str, to: str, out: str | None, overwrite: bool, store: str | None) -> None:
    """Write a finished run into a folder of plain files: forecasts, series, fits, settings, failures."""
    from forecastkit.archive import export_record
    from forecastkit.runs.store import open_store

    with open_store(store or True, write=False) as opened:
        record = opened.read(run)
    folder = Path(out) if out else Path("runs") / record.id
    export_record(record, folder, to=to, overwrite=overwrite)
    click.echo(str(folder))


@command.command("resume")
@click.argument("run")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes that share slow fits.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@with_options(COMMON)
def resume(run: str, workers: int | None, quiet: bool, store: str | None, as_json: bool) -> None:
    """Finish a run that was interrupted, from what the store knows of it, and print the verdict."""
    from forecastkit.api import resume
    from forecastkit.reporting.document import document, to_json

    show_warnings()
    with progress_on_stderr(quiet) as progress:
        result = resume(run, store=store or True, workers=workers, progress=progress)
    click.echo(to_json(document(result)) if as_json else wrapped(result), nl=not as_json)
    name = result.forecasts.run_id
    click.echo(f"\nRun: {name}. `forecastkit report {name}` writes its report.", err=True)
    exit_for(result.forecasts, result.scores.dropped)


@command.command("prune")
@click.option("--keep", type=click.IntRange(0), metavar="N", help="Keep the latest N runs of each series.")
@click.option("--older-than", type=click.IntRange(0), metavar="DAYS", help="Only those not at work since.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed.")
@with_options(COMMON)
def prune(keep: int | None, older_than: int | None, dry_run: bool, store: str | None, as_json: bool) -> None:
    """Remove runs and what only they need. Both limits together remove what neither keeps."""
    from forecastkit.reporting.document import to_json
    from forecastkit.runs.store import open_store

    if keep is None and older_than is None:
        raise click.UsageError("Give --keep, --older-than, or both: nothing is removed unasked.")
    limit = datetime.now(UTC) - timedelta(days=older_than or 0)
    with open_store(store or True) as opened:
        seen: dict[str, int] = {}
        gone = []
        for state in opened.states():
            seen[state.series] = seen.get(state.series, 0) + 1
            old = datetime.fromisoformat(state.touched) <= limit
            if old and (keep is None or seen[state.series] > keep):
                gone.append(state)
        if gone and not dry_run:
            opened.remove([state.id for state in gone])
    if as_json:
        click.echo(to_json({"removed": [state.id for state in gone], "dry_run": dry_run}), nl=False)
        return
    word = "would be removed" if dry_run else "removed"
    for state in gone:
        click.echo(f"{state.id}  {state.touched[:10]}  {state.series}")
    click.echo(f"{'One run' if len(gone) == 1 else f'{len(gone)} runs'} {word}.")


def _brief(state: RunState) -> dict[str, Any]:
    told = asdict(state)
    return {
        **{name: told[name] for name in told if name not in ("settings", "asked")},
        "models": _models(state),
    }


def _models(state: RunState) -> list[str]:
    """Name the models that are no references."""
    models = state.settings.get("models", {})
    return [name for name, model in models.items() if model["family"] != "reference"]


def _progress(state: RunState) -> str:
    failed = f", {state.failures} failures" if state.failures else ""
    return ("finished" if state.finished else f"{state.done} of {state.tasks} tasks") + failed


def _short(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _score_table(scores: list[tuple[str, int, int, float, float]]) -> str:
    from forecastkit.reporting.words import few_horizons

    horizons = few_horizons(max(h for _, h, *_ in scores))
    of = {(model, h): mae for model, h, _, mae, _ in scores}
    models = dict.fromkeys(model for model, *_ in scores)
    rows = [(model, *(f"{of[model, h]:.3g}" for h in horizons)) for model in models]
    return _table(("mae at h =", *map(str, horizons)), rows, words=("mae at h =",))


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, words: tuple[str, ...]) -> str:
    import shutil

    from forecastkit.reporting.tables import Cell, Table
    from forecastkit.reporting.terminal import text_table

    cells = tuple(tuple(map(Cell, row)) for row in rows)
    table = Table("", columns, cells, words=words)
    return text_table(table, width=max(80, shutil.get_terminal_size().columns))
