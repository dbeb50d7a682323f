"""What a run makes: load, compare, hold against earlier runs, publish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from forecastkit.api import compare
from forecastkit.comparison.comparison import Comparison
from forecastkit.comparison.drift import Drift, Summary, drift, from_memory, summarise
from forecastkit.errors import (
    DataError,
    ForecastKitError,
    RateLimitedError,
    RunNotFoundError,
    SourceDownError,
    StoreDamagedError,
)
from forecastkit.reporting.changes import Changes
from forecastkit.reporting.document import to_json
from forecastkit.reporting.editions import publish_edition
from forecastkit.reporting.editions_page import Edition, edition_document, edition_page
from forecastkit.reporting.publish import folder_names
from forecastkit.reporting.render import render
from forecastkit.runs.store import open_store
from forecastkit.schedule.desk import Desk
from forecastkit.schedule.gates import Tripped, tripped
from forecastkit.schedule.jobs import Source
from forecastkit.schedule.memory import Remembered
from forecastkit.series.revisions import Revised, revised
from forecastkit.series.series import Series, label
from forecastkit.sources.fetching import AT_ID, PREFIX
from forecastkit.sources.loading import load

RETRYABLE = (RateLimitedError, SourceDownError)
EXPLAINING = {"split", "dividend"}


@dataclass(frozen=True, slots=True)
class Judged:
    """One series of a run: the result, and how it stands against earlier ones."""

    result: Comparison
    summary: Summary
    drift: Drift
    gates: tuple[Tripped, ...]

    @property
    def changes(self) -> Changes:
        """What the report says about it."""
        return Changes(self.drift, tuple(gate.text for gate in self.gates))


def make_report(desk: Desk, run: str, scheduled: datetime) -> tuple[int, dict[str, Any]]:
    """Load, compare and publish.

    Args:
        desk: the job.
        run: id of the run.
        scheduled: the time for which it is made.

    Returns:
        exit code (0, 3 where a series is missing, 4 where a model left a comparison, 5 where a gate tripped)
        and what is remembered.

    Raises:
        DataError: no series could be compared.
        ReportError: nothing could be written.
    """
    earlier = [past for past in desk.memory.runs(desk.name) if past.told.get("basis") == desk.basis]
    series, failures = _load(desk)
    judged: dict[str, Judged] = {}
    for name, found in series.items():
        try:
            judged[name] = _judge(desk, name, found, earlier)
        except ForecastKitError as error:
            failures[name] = error
    if not judged:
        raise next(iter(failures.values()))
    edition = _edition(desk, scheduled, judged, failures)
    publish_edition(_files(desk, edition), desk.folder, run)
    told = {
        "basis": desk.basis,
        "published": True,
        "sentence": edition.sentence,
        "gates": [asdict(gate) for j in judged.values() for gate in j.gates],
        "moved": edition.moved,
        "failed": edition.failed,
        "series": {name: asdict(j.summary) for name, j in judged.items()},
        "runs": {name: j.result.forecasts.run_id for name, j in judged.items()},
    }
    return _code(judged, failures), told


def _load(desk: Desk) -> tuple[dict[str, Series], dict[str, ForecastKitError]]:
    """Load every source; what is only away for a while is asked again."""
    patience = desk.job.retries
    retrying = Retrying(
        stop=stop_after_attempt(patience.tries),
        wait=wait_exponential(multiplier=patience.wait_seconds, max=patience.longest_seconds)
        + wait_random(0.0, patience.wait_seconds),
        retry=retry_if_exception_type(RETRYABLE),
        reraise=True,
    )
    loaded: dict[str, Series] = {}
    failures: dict[str, ForecastKitError] = {}
    for source in desk.job.sources:
        try:
            loaded[source.called] = retrying(_load_one, desk, source)
        except ForecastKitError as error:
            failures[source.called] = error
    return loaded, failures


def _load_one(desk: Desk, source: Source) -> Series:
    """Load a source; prices are fetched anew, unless a snapshot is named or the network is not to be used."""
    given = {key: value for key, value in source.model_dump(exclude={"source"}).items() if value is not None}
    market = source.source.startswith(PREFIX)
    fresh = market and not source.offline and not AT_ID.fullmatch(source.source.removeprefix(PREFIX))
    return load(desk.path_of(source), **given, refresh=fresh)


def _judge(desk: Desk, name: str, series: Series, earlier: Sequence[Remembered]) -> Judged:
    job = desk.job
    result = compare(
        series,
        models=job.models,
        plan=job.backtest_plan(),
        transform=job.transform,
        seeds=job.seeds,
        seed=job.seed,
        loss=job.loss,
        intervals=job.intervals,
        store=desk.memory.path,
    )
    summary = summarise(result)
    past = [run for run in earlier if name in run.told.get("series", {})][: job.median_of]
    found = drift(
        summary,
        [from_memory(run.told["series"][name]) for run in past],
        against=desk.written(past[0].scheduled) if past else "",
        revised=_revised(desk, past[0].told["runs"][name], series) if past else None,
        explained=_explained(series),
    )
    return Judged(result, summary, found, tripped(job.gates, summary, found))


def _revised(desk: Desk, before: str, series: Series) -> Revised | None:
    """What changed against the data of an earlier run; None where the store has it no more."""
    with open_store(desk.memory.path, write=False) as store:
        try:
            return revised(_dated(store.series(before)), _dated(series))
        except (RunNotFoundError, StoreDamagedError):
            return None


def _explained(series: Series) -> str:
    """Splits and dividends that explain why adjusted prices changed, where nothing else did."""
    told = series.source.get("revision") or {}
    kinds = set(told.get("kinds", ()))
    return ", ".join(told["events"]) if kinds and kinds <= EXPLAINING else ""


def _dated(series: Series) -> dict[str, float]:
    return dict(zip(map(label, series.index), series.values.tolist(), strict=True))


def _edition(
    desk: Desk, scheduled: datetime, judged: Mapping[str, Judged], failures: Mapping[str, ForecastKitError]
) -> Edition:
    return Edition(
        job=desk.name,
        when=f"The run of {desk.written(scheduled)} ({desk.job.time_zone}).",
        results={name: (j.result, j.changes) for name, j in judged.items()},
        failures={name: str(error) for name, error in failures.items()},
        folders=folder_names(judged),
    )


def _files(desk: Desk, edition: Edition) -> dict[str, str | bytes]:
    """Every file of the run: a page that leads to the series, and the report of each."""
    files: dict[str, str | bytes] = {"index.html": edition_page(edition)}
    files["report.json"] = to_json(edition_document(edition))
    for name, (result, changes) in edition.results.items():
        made = render(result, desk.outputs.formats, changes)
        files |= {f"{edition.folders[name]}/{file}": content for file, content in made.items()}
    return files


def _code(judged: Mapping[str, Judged], failures: Mapping[str, ForecastKitError]) -> int:
    if any(j.gates for j in judged.values()):
        return 5
    if any(j.summary.dropped for j in judged.values()):
        return 4
    return 3 if any(isinstance(error, DataError) for error in failures.values()) else 2 if failures else 0
