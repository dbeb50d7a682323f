"""Tables of a report, as text in cells: errors, skill and tests, forecasts, costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.comparison.comparison import Comparison
from forecastkit.comparison.skill import ALPHA
from forecastkit.reporting.canvas import plain_number, signed_percent
from forecastkit.reporting.quantities import (
    cutoff_of,
    displayed,
    error_curve,
    error_name,
    fan_models,
    fan_origins,
    in_unit,
    with_unit,
)
from forecastkit.reporting.words import percent, spans
from forecastkit.runs.blocks import Footprint, size
from forecastkit.series.series import label

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
LARGEST_PLAIN = 1e7
TALLEST = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, what is to be said about it, and whether it stands out."""

    text: str
    hint: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under named columns; the first cell of a row is its head.

    Args:
        caption: what the table shows.
        columns: one name per cell of a row.
        rows: from top to bottom.
        groups: names over neighbouring columns, with their number; empty for none.
        words: columns that hold words, not numbers.
        notes: what a reader needs to read it.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    groups: tuple[tuple[str, int], ...] = ()
    words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def tall(self) -> bool:
        """Whether it is longer than a few screens."""
        return len(self.rows) > TALLEST


def error_table(comparison: Comparison) -> Table:
    """Error of every model and reference by h, the smallest of each row standing out."""
    models = comparison.scores.models
    curves = np.array([error_curve(comparison, model) for model in models])
    places = decimals(curves)
    rows = []
    for i, column in enumerate(curves.T):
        least = np.nanmin(column) if np.isfinite(column).any() else np.nan
        cells = [Cell(number(value, places), strong=bool(value == least)) for value in column]
        rows.append((Cell(str(i + 1)), *cells))
    name = error_name(comparison)
    return Table(
        caption=with_unit(f"{name} by horizon", comparison),
        columns=("h", *models),
        rows=tuple(rows),
        notes=(f"Average over {comparison.scores.n_origins} origins. Bold: the smallest {name} of the row.",),
    )


def skill_table(comparison: Comparison) -> Table | None:
    """Skill of every model against the references, with its tests, by h; None where only references ran."""
    if not comparison.skill:
        return None
    rows = []
    for i, best in enumerate(comparison.best_reference):
        cells = [Cell(str(i + 1)), Cell(best if comparison.scores.n_origins else DASH)]
        for model in comparison.skill:
            cells += _skill_cells(comparison, model, i)
        rows.append(tuple(cells))
    return Table(
        caption="Skill against the best reference, and its tests, by horizon",
        columns=("h", "best reference", *(("skill", "p", "DM-HLN p") * len(comparison.skill))),
        rows=tuple(rows),
        groups=(("", 2), *((model, 3) for model in comparison.skill)),
        words=("best reference",),
        notes=tuple(_skill_notes(comparison)),
    )


def duel_table(comparison: Comparison) -> Table | None:
    """Tests of the network against the AR by h; None where one of them is absent."""
    verdict = comparison.verdict
    if verdict is None or not comparison.duel:
        return None
    ar, network = str(verdict.ar), str(verdict.network)
    horizons = range(comparison.forecasts.horizon)
    notes = [
        "p: two-sided, on the losses of the common origins. Bold: at most .05 after Holm's adjustment over h."
    ]
    notes += _untested("No test", [(test.p_value, test.reason) for test in comparison.duel])
    return Table(
        caption=f"{network} against {ar} by horizon",
        columns=("h", "smaller error", "p", "Holm p", "DM-HLN p"),
        rows=tuple((Cell(str(i + 1)), *_duel_cells(comparison, ar, network, i)) for i in horizons),
        words=("smaller error",),
        notes=tuple(notes),
    )


def fan_table(comparison: Comparison) -> Table:
    """Forecasts and what came, at the origins of the fans."""
    forecasts, models = comparison.forecasts, fan_models(comparison)
    banded = [model for model in models if model in forecasts.quantiles]
    levels = [f"{model} {100 * level:g} %" for model in banded for level in forecasts.levels]
    rows = []
    for position in fan_origins(comparison):
        origin, cutoff = int(forecasts.origins[position]), cutoff_of(comparison, position)
        curves = [forecasts.actual[position], *(forecasts.of(model)[position] for model in models)]
        bands = [forecasts.quantiles[model][position] for model in banded]
        block = displayed(comparison, np.column_stack([*curves, *bands]), origin)
        places = decimals(block)
        for i, values in enumerate(block):
            target = label(comparison.series.index[origin + i])
            numbers = (Cell(number(value, places)) for value in values)
            rows.append((Cell(cutoff), Cell(str(i + 1)), Cell(target), *numbers))
    return Table(
        caption=in_unit("Forecasts", comparison),
        columns=("after", "h", "target", "actual", *models, *levels),
        rows=tuple(rows),
        words=("after", "target"),
    )


def cost_table(comparison: Comparison) -> Table:
    """Skill, seconds, memory, fits and seeds by model, with those that left the comparison."""
    forecasts, each = comparison.forecasts, comparison.seconds_per_point
    rows = []
    for model in forecasts.models:
        fitting, forecasting = forecasts.fit_seconds[model], forecasts.forecast_seconds[model]
        cells = (
            percent(float(np.mean(comparison.skill[model]))) if model in comparison.skill else DASH,
            number(fitting + forecasting, 3),
            *_memory(forecasts.footprints.get(model)),
            _two_figures(each.get(model, np.nan)),
            number(fitting, 3),
            number(forecasting, 3),
            str(forecasts.refits[model]),
            str(len(forecasts.members.get(model, (0,)))),
        )
        rows.append((Cell(model), *map(Cell, cells)))
    return Table(
        caption="Skill, seconds and memory of each model, over all origins and seeds",
        columns=(
            "model",
            "skill",
            "seconds",
            "peak memory",
            "there before",
            "s per point",
            "fitting",
            "forecasting",
            "fits per seed",
            "seeds",
        ),
        rows=tuple(rows),
        words=("model",),
        notes=(
            "Skill is averaged over all h; a point is 1 %. Peak memory is the most that a process at work on "
            "the model had in main memory; a GPU's own is not counted. There before is what that process had "
            "when the model began: Python, libraries and what other models left.",
        ),
    )


def _two_figures(value: float) -> str:
    return plain_number(value, ".2g") if value < 10 else number(value, 0)


def _memory(found: Footprint | None) -> tuple[str, str]:
    """Write the peak, and what was there before."""
    if found is None:
        return "not measured", DASH
    return size(found.peak), DASH if found.before is None else size(found.before)


def failure_table(comparison: Comparison) -> Table | None:
    """Models that failed somewhere: at how many origins, and how for the first time; None where none did."""
    forecasts = comparison.forecasts
    rows = []
    for model in forecasts.models:
        failures = [failure for failure in forecasts.failures if failure.model == model]
        if failures:
            first = min(failures, key=lambda failure: failure.origin)
            count = f"{len({failure.origin for failure in failures})} of {len(forecasts.origins)}"
            stays = "left out" if model in comparison.scores.dropped else "kept"
            cutoff = label(comparison.series.index[first.origin - 1])
            rows.append(tuple(map(Cell, (model, count, stays, cutoff, f"{first.error}: {first.message}"))))
    if not rows:
        return None
    return Table(
        caption="Models that failed",
        columns=("model", "failed origins", "comparison", "first after", "first message"),
        rows=tuple(rows),
        words=("model", "comparison", "first after", "first message"),
        notes=("A model that fails at more than 10 % of the origins leaves the comparison.",),
    )


def decimals(values: Vector | Matrix) -> int:
    """Places after the point that show three figures of a small value among these.

    Example:
        >>> decimals(np.array([12.0, 40.0])), decimals(np.array([0.0123]))
        (1, 4)
    """
    sizes = np.abs(values[np.isfinite(values)])
    sizes = sizes[sizes > 1e-9 * sizes.max(initial=0.0)]
    if not len(sizes):
        return 1
    return int(np.clip(2 - np.floor(np.log10(np.quantile(sizes, 0.25))), 0, 12))


def number(value: float, places: int) -> str:
    """Write a number with this many decimals: huge ones in powers of ten, what is undefined as a dash.

    Example:
        >>> number(1.25, 1), number(3e9, 1)
        ('1.2', '3.0e+09')
    """
    if not np.isfinite(value):
        return DASH
    return plain_number(value, ".1e" if abs(value) >= LARGEST_PLAIN else f".{places}f")


def p_text(p: float | None) -> str:
    """Write a p-value with three decimals.

    Example:
        >>> p_text(0.0312), p_text(0.0000001)
        ('.031', '< .001')
    """
    if p is None or not np.isfinite(p):
        return DASH
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def _skill_cells(comparison: Comparison, model: str, i: int) -> list[Cell]:
    skill, test = comparison.skill[model][i], comparison.skill_tests[model][i]
    hint = f"against {test.against}" if test.against else ""
    if test.reason:
        hint = f"{hint}: {test.reason}" if hint else test.reason
    reliable = i + 1 in comparison.claimed[model]
    return [
        Cell(signed_percent(skill) if np.isfinite(skill) else DASH, strong=reliable),
        Cell(p_text(test.p_value), hint, reliable),
        Cell(p_text(test.dm_p_value)),
    ]


def _duel_cells(comparison: Comparison, ar: str, network: str, i: int) -> list[Cell]:
    test, adjusted, dm = comparison.duel[i], float(comparison.duel_adjusted[i]), comparison.duel_dm[i]
    losses = {name: comparison.scores.of(name, comparison.loss)[i] for name in (ar, network)}
    smaller = "equal" if losses[ar] == losses[network] else min(losses, key=lambda name: losses[name])
    hint = f"{test.method}: {test.reason}" if test.reason else test.method
    reliable = adjusted <= ALPHA
    return [
        Cell(smaller if np.isfinite(losses[ar]) else DASH, strong=reliable),
        Cell(p_text(test.p_value), hint),
        Cell(p_text(adjusted), hint, reliable),
        Cell(p_text(dm.p_value), dm.reason),
    ]


def _skill_notes(comparison: Comparison) -> Iterable[str]:
    yield f"Skill is 1 {MINUS} loss / loss of the best reference; the loss is the {comparison.loss} error."
    yield (
        "p: one-sided, the largest over all references, by the EWC test, or by DM-HLN where forecasts from "
        "neighbouring origins share no targets and there are fewer than 100 of them. Bold: reliable, by "
        "testing h = 1, 2, … in order, or after Holm's adjustment, at 5 % each."
    )
    for model, tests in comparison.skill_tests.items():
        yield from _untested(f"No test of {model}", [(test.p_value, test.reason) for test in tests])


def _untested(what: str, tests: Sequence[tuple[float | None, str]]) -> Iterable[str]:
    """Say at which h there is no test, once for each kind of reason."""
    reasons: dict[str, list[int]] = {}
    for h, (p, reason) in enumerate(tests, start=1):
        if p is None:
            reasons.setdefault(reason.partition(":")[0], []).append(h)
    for reason, horizons in reasons.items():
        yield f"{what} at {spans(horizons)}: {reason}."
