"""Runs that were made before: read one, say again what it was asked, tell two apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forecastkit.backtesting.forecasts import Forecasts, assemble
from forecastkit.backtesting.intervals import with_intervals
from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.backtesting.runner import scored_actuals
from forecastkit.comparison.comparison import Comparison, conclude
from forecastkit.errors import PlanError, ReportError
from forecastkit.models.protocol import QUANTILES
from forecastkit.runs.folder import read_folder, write_folder
from forecastkit.runs.store import Place, Record, RunState, Store, open_store
from forecastkit.scoring.losses import check_loss
from forecastkit.series.series import Series, label
from forecastkit.series.transforms import find_transform

Models = str | Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asks for, beside the series."""

    models: Models
    plan: BacktestPlan
    transform: str
    seeds: int
    seed: int
    loss: str
    intervals: str = "own"
    device: str = "auto"

    def record(self) -> dict[str, Any] | None:
        """Write it as JSON; None where a model is a Python object, which cannot be."""
        models = self.models
        if isinstance(models, Mapping):
            models = dict(models)
        named = (
            models.values() if isinstance(models, dict) else [models] if isinstance(models, str) else models
        )
        if not all(isinstance(model, str) for model in named):
            return None
        models = models if isinstance(models, str | dict) else list(models)
        return {**asdict(self), "models": models}

    @classmethod
    def of(cls, state: RunState) -> Asked:
        """Read what a run was asked.

        Raises:
            PlanError: a model was given as a Python object.
        """
        if state.asked is None:
            raise PlanError(
                f"Run {state.id} had a model that was given as a Python object, which the store cannot make "
                "again. Repeat the call in Python: it goes on where the run stands."
            )
        told = dict(state.asked)
        return cls(**{**told, "plan": BacktestPlan(**told["plan"])})


def read_run(run: str | Path, *, store: Place = True) -> Comparison:
    """Read a run and conclude from it, without running a model.

    Args:
        run: a folder that `forecastkit backtest --out` or `runs export` wrote; or the id of a run in the
            store, the beginning of it, or "last".
        store: as in `backtest`.

    Raises:
        ReportError: there is no such run, or it is damaged or unfinished.
    """
    if Path(run).is_dir():
        return _comparison(read_folder(Path(run)), "own")
    with open_store(store, write=False) as opened:
        record = opened.read(str(run))
        return _comparison(record, opened.state(record.id).result.get("intervals", "own"))


def _comparison(record: Record, intervals: str) -> Comparison:
    return conclude(
        record.series,
        with_intervals(forecasts_of(record), intervals),
        transform=find_transform(record.settings["transform"]),
        loss=check_loss(record.settings["loss"]),
    )


def export_run(run: str, out: str | Path, *, store: Place = True, **how: Any) -> None:
    """Write a finished run into a folder of plain files, see `write_folder`.

    Raises:
        ReportError: there is no such run, it is unfinished, or the folder cannot be written.
    """
    with open_store(store, write=False) as opened:
        export_record(opened.read(run), out, **how)


def export_record(record: Record, out: str | Path, **how: Any) -> None:
    """Write what was read of a finished run into a folder."""
    forecasts = forecasts_of(record)
    write_folder(Path(out), record, forecasts.origins, forecasts.actual, QUANTILES, **how)


def forecasts_of(record: Record) -> Forecasts:
    """Put the blocks of a run into cubes.

    Raises:
        ReportError: the run is unfinished.
    """
    settings, series = record.settings, record.series
    plan = BacktestPlan(**settings["plan"])
    origins = plan.origin_positions(len(series), series.name)
    expected = sum(len(origins) * model["seeds"] for model in settings["models"].values())
    found = sum(len(block.origins) for block in record.blocks)
    if found < expected:
        raise ReportError(
            f"Run {record.id} is unfinished: {found} of {expected} forecast paths are there. Repeat its "
            "command, or `forecastkit runs resume`; what is there is kept."
        )
    return assemble(
        record.blocks,
        series=series.name,
        families={name: model["family"] for name, model in settings["models"].items()},
        index=series.index,
        origins=origins,
        step=plan.step,
        actual=scored_actuals(series, origins, plan.horizon, find_transform(settings["transform"])),
        levels=QUANTILES,
        settings=settings,
        run_id=record.id,
    )


def conclusion_record(comparison: Comparison, intervals: str) -> dict[str, Any]:
    """What a run keeps of its conclusion."""
    verdict = comparison.verdict
    return {
        "sentence": repr(comparison).splitlines()[0],
        "outcome": "" if verdict is None else verdict.outcome,
        "skill_horizon": {model: found.h for model, found in comparison.skill_horizon.items()},
        "loss": comparison.loss,
        "intervals": intervals,
    }


def compare_runs(store: Store, first: str, second: str) -> dict[str, list[tuple[str, Any, Any]]]:
    """Say what differs between two runs: data, settings, versions, scores, verdict.

    Returns:
        by what differs, rows of a name, its value in the first and in the second; None where there is none.
    """
    one, other = store.state(first), store.state(second)
    changes = setting_changes(one.settings, other.settings)
    software = ("versions", "code")
    data = [_series_facts(store.series(state.id)) for state in (one, other)]
    scores = [_mean_errors(store.scores(state.id)) for state in (one, other)]
    verdicts = [_flat(state.result) for state in (one, other)]
    return {
        "data": _changed(*data),
        "settings": [row for row in changes if not row[0].startswith(software)],
        "versions": [row for row in changes if row[0].startswith(software)],
        "mean absolute error over all h": _changed(*scores),
        "verdict": _changed(*verdicts),
    }


def setting_changes(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Name the settings in which two runs differ, by their path, with both values."""
    return _changed(_flat(one), _flat(other))


def _changed(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    names = dict.fromkeys([*one, *other])
    return [(name, one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)]


def _flat(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Give the leaves of nested mappings by their path: plan.horizon."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        inside = isinstance(value, Mapping) and value
        found |= _flat(value, f"{path}{name}.") if inside else {f"{path}{name}": value}
    return found


def _series_facts(series: Series) -> dict[str, Any]:
    return {
        "series": series.name,
        "observations": len(series),
        "first": label(series.index[0]),
        "last": label(series.index[-1]),
        "unit": series.unit,
        "hash": series.fingerprint[:10],
    }


def _mean_errors(rows: Sequence[tuple[str, int, int, float, float]]) -> dict[str, float]:
    models = dict.fromkeys(row[0] for row in rows)
    return {model: float(np.mean([row[3] for row in rows if row[0] == model])) for model in models}
