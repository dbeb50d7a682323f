"""One run of a job from beginning to end, alone, and remembered whatever comes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from forecastkit.errors import ForecastKitError, exit_code
from forecastkit.schedule.desk import Desk


def work(desk: Desk, run: str, scheduled: datetime) -> int:
    """Make one run of a job, alone, and remember it, whatever comes of it.

    Args:
        desk: the job.
        run: id of the run.
        scheduled: the time for which it is made.

    Returns:
        exit code, as `make_report`.

    Raises:
        LockedError: the job is running.
        as `make_report`.
    """
    with desk.alone():
        desk.memory.begin(run, desk.name, scheduled)
        try:
            from forecastkit.schedule.making import make_report  # with every model and page behind it

            code, told = make_report(desk, run, scheduled)
        except Exception as error:
            shown = str(error) if isinstance(error, ForecastKitError) else f"{type(error).__name__}: {error}"
            desk.memory.end(run, exit_code(error), {"error": shown})
            desk.write_index()
            raise
        desk.memory.end(run, code, told)
        _tidy(desk)
        desk.write_index()
    return code


def _tidy(desk: Desk) -> None:
    """Remove old reports; the newest good one stays."""
    from forecastkit.reporting.editions import prune

    runs = desk.memory.runs(desk.name)
    good = next((run.run for run in runs if run.code == 0 and run.published), None)
    days = desk.outputs.keep_days
    prune(
        desk.folder,
        keep=desk.outputs.keep,
        before=None if days is None else datetime.now(UTC) - timedelta(days=days),
        made={run.run: run.started for run in runs},
        spared=() if good is None else (good,),
    )
