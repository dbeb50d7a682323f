"""Frames of forecasts made by anything -> one table: a row per series, cutoff and target, a column per model.

Frames of pandas, polars and pyarrow are taken. Columns are recognised by their names:

    long     series, cutoff and target_time (or h), model, actual, mean, and quantiles such as q0.1
    nixtla   unique_id, ds, cutoff, y, a column per model, with MODEL-lo-80 and MODEL-hi-80
    fable    .model, the time, .mean, and .id of a stretched tsibble, with 80%_lower and 80%_upper
    darts    per model the list that `historical_forecasts(last_points_only=False)` returns
    tscv     per model a matrix of errors, a row per origin, columns h=1, h=2, ... (R `tsCV`)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.arrays import Indices, Vector
from forecastkit.errors import ForecastFrameError, PlanError, nearest
from forecastkit.sources.forecast_columns import numbers, steps, times, to_columns
from forecastkit.sources.forecast_table import ForecastTable, check_actuals, duplicate, placed, unique_rows

LAYOUTS = ("auto", "long", "nixtla", "fable", "darts", "tscv")
KNOWN = {
    "series": ("series", "unique_id", "item_id", "id", "key"),
    "cutoff": ("cutoff",),
    "group": (".id", "origin_id"),
    "target": ("target_time", "ds", "time", "date", "datetime", "timestamp", "index", "month", "quarter"),
    "h": ("h",),
    "model": ("model", ".model"),
    "actual": ("actual", "y", "observed"),
    "mean": ("mean", ".mean", "forecast", "yhat"),
}
"""What a column may be called, by what it holds; matched in any case."""

IGNORED = ("origin", "step", "n_origins", ".type", "trend", "yhat_lower", "yhat_upper")
LEVEL = re.compile(r"(?:q|quantile)?[_-]?(0?\.\d+)")
BAND = re.compile(r"(?P<model>.+)-(?P<side>lo|hi)-(?P<share>\d+(?:\.\d+)?)")
HILO = re.compile(r"(?P<share>\d+(?:\.\d+)?)%_(?P<side>lower|upper)")
ERROR_COLUMN = re.compile(r"h[=.](\d+)")


def read_forecasts(
    given: Any, *, layout: str = "auto", columns: Mapping[str, str] | None = None, name: str = "y"
) -> ForecastTable:
    """Recognise a frame of forecasts, or a mapping from models to what each of them forecast.

    Args:
        given: a frame; or a mapping: model -> frame, matrix of errors, or list of one frame per origin.
        layout: "auto", or how to read it, see above.
        columns: what a column is called, where its name does not tell: {"target": "Month"}; keys are series,
            cutoff, target, h, model, actual, mean and group (one number per origin).
        name: of the series, where the frame names none.

    Raises:
        ForecastFrameError: a needed column is absent or holds something else; duplicates; actual values that
            contradict each other; steps ahead that are no whole numbers.
        PlanError: an unknown layout, or a column that is not there.
    """
    if layout not in LAYOUTS:
        raise PlanError(f"There is no layout {layout!r}. {nearest(layout, LAYOUTS)}")
    if isinstance(given, Mapping):
        if not given:
            raise ForecastFrameError(
                "An empty mapping was given. Name one model or more, each with its forecasts."
            )
        parts = {
            str(model): _of_one(part, str(model), layout, columns, name) for model, part in given.items()
        }
        return _merged(parts)
    if isinstance(given, list | tuple) or (layout in ("darts", "tscv") and not _is_frame(given)):
        return _of_one(given, name, layout, columns, name)
    return _read_frame(to_columns(given), layout, columns or {}, name)


def _is_frame(given: Any) -> bool:
    return hasattr(given, "columns")


def _read_frame(
    frame: dict[str, pd.Series], layout: str, columns: Mapping[str, str], name: str
) -> ForecastTable:
    errors = [c for c in frame if ERROR_COLUMN.fullmatch(c)]
    if layout == "tscv" or (layout == "auto" and errors and not find_column(frame, "model", columns)):
        matrix = np.column_stack([numbers(frame[c], c) for c in errors or list(frame)])
        return _from_errors(matrix, name, name)
    if {"RMSE", "MAE", ".model"} <= set(frame):
        raise ForecastFrameError(
            "The frame holds accuracies (columns RMSE and MAE), not forecasts. Give the forecasts "
            "themselves: what fabletools `forecast()` returned, with its actual values or with `history`."
        )
    found = {role: column for role in KNOWN if (column := find_column(frame, role, columns))}
    rows = len(next(iter(frame.values()), ()))
    if not rows:
        raise ForecastFrameError("The frame has no rows. One row per forecast is needed.")
    series = (
        frame[found["series"]].astype(str).to_numpy(object)
        if "series" in found
        else np.full(rows, name, object)
    )
    table = ForecastTable(
        series=series,
        cutoff=times(frame[found["cutoff"]]) if "cutoff" in found else None,
        target=times(frame[found["target"]]) if "target" in found else None,
        h=steps(frame[found["h"]]) if "h" in found else None,
        actual=numbers(frame[found["actual"]], found["actual"])
        if "actual" in found
        else np.full(rows, np.nan),
        mean={},
        layout=layout if layout != "auto" else _layout_of(found),
    )
    models = frame[found["model"]].astype(str).to_numpy(object) if "model" in found else None
    if "group" in found:
        table = table.replace(h=_ranks(table, frame[found["group"]], models))
    _need_dates(table, frame)
    if models is not None:
        return _long(table, frame, found, models)
    return _wide(table, frame, found, name)


def find_column(frame: Mapping[str, Any], role: str, columns: Mapping[str, str]) -> str | None:
    """Name the column that holds something: the one that was stated, or the first with a known name."""
    unknown = [key for key in columns if key not in KNOWN]
    if unknown:
        raise PlanError(f"No column of forecasts is called {unknown[0]!r}. {nearest(unknown[0], KNOWN)}")
    if role in columns:
        if columns[role] not in frame:
            raise PlanError(f"The frame has no column {columns[role]!r}. {nearest(columns[role], frame)}")
        return columns[role]
    lowered = {name.strip().lower(): name for name in reversed(list(frame)) if name not in columns.values()}
    return next((lowered[known] for known in KNOWN[role] if known in lowered), None)


def _layout_of(found: Mapping[str, str]) -> str:
    if found.get("model") == ".model":
        return "fable"
    return "long" if "model" in found else "nixtla"


def _need_dates(table: ForecastTable, frame: Mapping[str, Any]) -> None:
    if (table.cutoff is not None) + (table.target is not None) + (table.h is not None) >= 2:
        return
    raise ForecastFrameError(
        f"The columns are {', '.join(frame)}. Two of cutoff (the time of the last value known), target_time "
        "(or ds) and h (steps ahead) are needed to tell what was forecast from where. Add them, or name "
        "them with columns (--columns cutoff=NAME,target=NAME); without them no forecast is known to be "
        "made before its target."
    )


def _ranks(table: ForecastTable, group: pd.Series, models: np.ndarray | None) -> Indices:
    """Count steps ahead within each origin that a number names (`.id` of a stretched tsibble)."""
    if table.target is None:
        raise ForecastFrameError("Origins are numbered, but no column tells the target times. Add the time.")
    keys = pd.DataFrame({"series": table.series, "group": group, "model": "" if models is None else models})
    position = pd.Series(table.target.argsort().argsort())
    ranked = position.groupby([keys["series"], keys["group"], keys["model"]]).rank("dense")
    return np.asarray(ranked.to_numpy(np.int64))


def _long(
    table: ForecastTable, frame: Mapping[str, pd.Series], found: Mapping[str, str], models: np.ndarray
) -> ForecastTable:
    """Give every model its own column; each of its forecasts may stand there once."""
    bounds = {column: bound for column in frame if (bound := _bound(column)) and bound[0] is None}
    levels = {level: column for column, (_, level) in bounds.items()}
    if "mean" not in found and not levels:
        raise ForecastFrameError(
            f"The columns are {', '.join(frame)}; none holds forecasts. A column mean (or forecast), or "
            "quantiles such as q0.1 and q0.9 are needed."
        )
    rows, first, place = unique_rows(table)
    codes, names = pd.factorize(models)
    cell = place * len(names) + codes
    if len(np.unique(cell)) < len(cell):
        again = int(np.flatnonzero(pd.Series(cell).duplicated())[0])
        raise duplicate(table, again, str(models[again]))
    known = pd.Series(table.actual).groupby(place).first().to_numpy(np.float64)
    check_actuals(table.actual, known[place], table.series, table.target, table.cutoff)
    read = {level: numbers(frame[column], column) for level, column in sorted(levels.items())}
    middle = numbers(frame[found["mean"]], found["mean"]) if "mean" in found else _middle(read)
    mean, quantiles = {}, {}
    for code, model in enumerate(names):
        chosen = codes == code
        mean[str(model)] = placed(middle, chosen, place, rows)
        own = {level: placed(values, chosen, place, rows) for level, values in read.items()}
        given = {level: values for level, values in own.items() if np.isfinite(values).any()}
        if given:
            quantiles[str(model)] = given
    return table.take(first).replace(actual=known, mean=mean, quantiles=quantiles)


def _middle(read: Mapping[float, Vector]) -> Vector:
    """Take the median for a point forecast where only quantiles were given."""
    if 0.5 not in read:
        raise ForecastFrameError(
            f"Quantiles {', '.join(f'{level:g}' for level in read)} were given, and no point forecast. A "
            "column mean, or the median q0.5, is needed."
        )
    return read[0.5]


def _wide(
    table: ForecastTable, frame: Mapping[str, pd.Series], found: Mapping[str, str], name: str
) -> ForecastTable:
    """Every column that says nothing else is a model; MODEL-lo-80 and MODEL-hi-80 are its 80 % interval."""
    said = {*found.values()} - {found.get("mean", "")}
    rest = [c for c in frame if c not in said and c.lower() not in IGNORED and not c.startswith("Unnamed")]
    bounds = {c: bound for c in rest if (bound := _bound(c)) is not None}
    mean = {c: numbers(frame[c], c) for c in rest if c not in bounds}
    if not mean:
        raise ForecastFrameError(
            f"The columns are {', '.join(frame)}; none is left that could hold forecasts. Add one column per "
            "model, or columns model and mean."
        )
    quantiles: dict[str, dict[float, Vector]] = {}
    for column, (named, level) in bounds.items():
        model = named or next(iter(mean))
        if model not in mean or (named is None and len(mean) > 1):
            raise ForecastFrameError(
                f"Column {column!r} bounds a model {named or '?'!r} that has no column of its own."
            )
        quantiles.setdefault(model, {})[level] = numbers(frame[column], column)
    rows, _, place = unique_rows(table)
    if rows < len(table):
        again = int(np.flatnonzero(pd.Series(place).duplicated())[0])
        raise duplicate(table, again, next(iter(mean)))
    return table.replace(mean=mean, quantiles={m: dict(sorted(q.items())) for m, q in quantiles.items()})


def _bound(column: str) -> tuple[str | None, float] | None:
    """Read MODEL-lo-80, 80%_lower or q0.1 as a level of a model, which may be unnamed."""
    if level := LEVEL.fullmatch(column.lower()):
        return None, float(level[1])
    band = BAND.fullmatch(column) or HILO.fullmatch(column)
    if band is None:
        return None
    tail = (1 - float(band["share"]) / 100) / 2
    return band.groupdict().get("model"), round(tail if band["side"] in ("lo", "lower") else 1 - tail, 10)


def _of_one(
    given: Any, model: str, layout: str, columns: Mapping[str, str] | None, name: str
) -> ForecastTable:
    """Read what one model forecast: a frame, a list with a frame per origin, or a matrix of errors."""
    if isinstance(given, list | tuple) and given and all(_has_index(part) for part in given):
        return _from_origins(given, model, name)
    if not _is_frame(given) and layout in ("auto", "tscv"):
        return _from_errors(_matrix(given, model), model, name)
    table = _read_frame(to_columns(given), layout, columns or {}, name)
    if len(table.models) != 1:
        raise ForecastFrameError(
            f"The frame of {model!r} holds {len(table.models)} models ({', '.join(table.models)}). In a "
            "mapping each model brings its own frame with one column of forecasts: mean."
        )
    only = table.models[0]
    quantiles = {model: table.quantiles[only]} if only in table.quantiles else {}
    return table.replace(mean={model: table.mean[only]}, quantiles=quantiles)


def _has_index(part: Any) -> bool:
    return hasattr(part, "to_dataframe") or isinstance(part, pd.DataFrame | pd.Series)


def _from_origins(given: Sequence[Any], model: str, name: str) -> ForecastTable:
    """Read a list with one indexed frame (or darts TimeSeries) per origin, the first row one step ahead."""
    frames = [pd.DataFrame(part.to_dataframe() if hasattr(part, "to_dataframe") else part) for part in given]
    widths = {frame.shape[1] for frame in frames}
    if widths != {1}:
        raise ForecastFrameError(
            f"The forecasts of {model!r} have {max(widths)} columns. One is needed: pick a component, or "
            "its mean."
        )
    lengths = [len(frame) for frame in frames]
    target = pd.Index(np.concatenate([frame.index.to_numpy() for frame in frames]))
    return ForecastTable(
        series=np.full(sum(lengths), name, object),
        cutoff=None,
        target=times(target.to_series(name="time").reset_index(drop=True)),
        h=np.concatenate([np.arange(1, n + 1) for n in lengths]),
        actual=np.full(sum(lengths), np.nan),
        mean={model: np.concatenate([numbers(frame.iloc[:, 0], model) for frame in frames])},
        layout="darts",
    )


def _matrix(given: Any, model: str) -> np.ndarray:
    matrix = np.asarray(given, dtype=np.float64)
    if matrix.ndim != 2:
        raise ForecastFrameError(
            f"The forecasts of {model!r} have shape {matrix.shape}. A matrix of errors is needed, a row per "
            "number of values known and a column per step ahead, as R `tsCV` returns it."
        )
    return matrix


def _from_errors(matrix: np.ndarray, model: str, name: str) -> ForecastTable:
    """Read a matrix of errors: row i (from 1) knows i observations, column h is h steps ahead."""
    filled = np.isfinite(matrix)
    origin, step = np.nonzero(filled)
    return ForecastTable(
        series=np.full(len(origin), name, object),
        cutoff=pd.Index(origin + 1),
        target=None,
        h=(step + 1).astype(np.int64),
        actual=np.full(len(origin), np.nan),
        mean={model: matrix[filled]},
        layout="tscv",
        errors=True,
    )


def _merged(parts: Mapping[str, ForecastTable]) -> ForecastTable:
    """Put tables of single models side by side."""
    tables = list(parts.values())
    shapes = {(t.cutoff is None, t.target is None, t.h is None, t.errors) for t in tables}
    if len(shapes) > 1:
        raise ForecastFrameError(
            f"The frames of {' and '.join(parts)} tell their times in different columns. Give all of them "
            "the same ones."
        )
    first = tables[0]
    together = ForecastTable(
        series=np.concatenate([t.series for t in tables]),
        cutoff=None if first.cutoff is None else _joined(t.cutoff for t in tables),
        target=None if first.target is None else _joined(t.target for t in tables),
        h=None if first.h is None else np.concatenate([t.h for t in tables if t.h is not None]),
        actual=np.concatenate([t.actual for t in tables]),
        mean={},
        layout=first.layout,
        errors=first.errors,
    )
    rows, kept, place = unique_rows(together)
    known = pd.Series(together.actual).groupby(place).first().to_numpy(np.float64)
    check_actuals(together.actual, known[place], together.series, together.target, together.cutoff)
    ends = np.cumsum([0, *map(len, tables)])
    mean, quantiles = {}, {}
    for i, (model, table) in enumerate(parts.items()):
        here = place[ends[i] : ends[i + 1]]
        everything = np.ones(len(here), dtype=bool)
        mean[model] = placed(table.mean[model], everything, here, rows)
        if model in table.quantiles:
            own = table.quantiles[model].items()
            quantiles[model] = {level: placed(values, everything, here, rows) for level, values in own}
    return together.take(kept).replace(actual=known, mean=mean, quantiles=quantiles)


def _joined(indices: Iterable[pd.Index | None]) -> pd.Index:
    first, *rest = (index for index in indices if index is not None)
    return first.append(rest)
