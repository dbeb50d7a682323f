"""The autoregression of a comparison, taken apart: section of the report, tables and figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from forecastkit.comparison.comparison import Comparison
from forecastkit.errors import DataError
from forecastkit.models.ar_diagnosis import SHOWN, ArDiagnosis, diagnose_ar
from forecastkit.reporting.ar_figure import draw_memory
from forecastkit.reporting.ar_words import shown_orders, summary_words
from forecastkit.reporting.canvas import plain_number
from forecastkit.reporting.diagnosis_words import p_cell
from forecastkit.reporting.figure_set import Figured, Picture, picture
from forecastkit.reporting.tables import DASH, Cell, Table, p_text
from forecastkit.reporting.words import timed
from forecastkit.series.missing import longest_stretch
from forecastkit.series.series import label
from forecastkit.series.transforms import find_transform


@dataclass(frozen=True, slots=True)
class ArSection:
    """The last fit of an AR, in words, figures and tables.

    Args:
        model: its name.
        span: which data it was fitted on.
        sentences: what matters, or why there is nothing.
        found: the diagnosis; None where there is none.
        figures, tables: what a report shows.
    """

    model: str
    span: str
    sentences: tuple[str, ...]
    found: ArDiagnosis | None = None
    figures: tuple[Figured, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The figures as a page embeds them."""
        return tuple(map(picture, self.figures))


@lru_cache(maxsize=2)
def ar_section(comparison: Comparison) -> ArSection | None:
    """Take the last fit of the AR apart, on the data known at the last origin it was fitted at.

    Args:
        comparison: the result.

    Returns:
        None where no AR was compared, or forecasts were made elsewhere.
    """
    forecasts = comparison.forecasts
    fitted = [m for m in forecasts.models if forecasts.families[m] == "ar" and _plain_order(comparison, m)]
    if not timed(comparison) or not fitted:
        return None
    model, series = fitted[0], comparison.series
    facts, stop = forecasts.facts[model][-1], int(forecasts.origins[-1])
    transform = find_transform(comparison.settings.get("transform", "none"))
    transform = transform.fit(series.values[: forecasts.origins[0]], series.period)
    values = transform.forward(series.values[:stop])
    span = (
        f"As {model} was fitted last, to the data that end with {label(series.index[stop - 1])}, the last "
        "origin; nothing after it."
    )
    part = longest_stretch(values)
    if part != slice(0, len(values)):
        span += f" Taken apart on the longest stretch without a gap, {part.stop - part.start} values."
    if series.known is not None:
        span += " Covariates are left out here."
    try:
        found = diagnose_ar(
            values[part],
            period=series.period,
            p=int(facts["p"]),
            difference=facts.get("modelled") == "changes" and not transform.changes,
            constant=facts.get("modelled") != "changes",
            horizon=max(2, forecasts.horizon),
        )
    except DataError as error:
        return ArSection(model, span, (f"Not taken apart: {error}",))
    figured = Figured(
        "memory", "How long it remembers, and how far it sees", draw_memory, found, _captions(found)
    )
    return ArSection(model, span, tuple(summary_words(found)), found, (figured,), tuple(ar_tables(found)))


def ar_document(comparison: Comparison) -> dict[str, Any] | None:
    """The section as JSON-ready data."""
    section = ar_section(comparison)
    if section is None:
        return None
    found = None if section.found is None else section.found.to_dict()
    return {"model": section.model, "sentences": list(section.sentences), "found": found}


def ar_tables(found: ArDiagnosis) -> Iterable[Table]:
    """Coefficients, inverse roots, orders and residual tests."""
    if found.coefficients:
        yield Table(
            "Coefficients",
            ("", "estimate", "s.e.", "HAC s.e.", "p (HAC)"),
            tuple(
                (
                    Cell(c.name),
                    *(Cell(plain_number(v, ".4g")) for v in (c.estimate, c.error, c.hac_error)),
                    Cell(p_text(c.p_value), strong=c.p_value < 0.05),
                )
                for c in found.coefficients
            ),
            notes=("HAC: Newey-West, valid too where residuals are correlated or of unequal variance.",),
        )
    if found.roots:
        yield Table(
            "Inverse roots",
            ("root", "modulus", "cycle"),
            tuple(
                (
                    Cell(_root_text(root.real, root.imaginary)),
                    Cell(plain_number(root.modulus, ".3f"), strong=root.modulus >= 1),
                    Cell(DASH if root.cycle is None else plain_number(root.cycle, ".1f")),
                )
                for root in found.roots
            ),
            notes=("Modulus below 1: stationary. Cycle: in observations.",),
        )
    yield Table(
        "Orders",
        ("p", *(ic.upper() for ic in SHOWN)),
        tuple(
            (
                Cell(str(order), strong=order == found.p),
                *(
                    Cell(plain_number(values[order], ".1f"), strong=order == np.argmin(values))
                    for values in (found.orders[ic] for ic in SHOWN)
                ),
            )
            for order in shown_orders(found).tolist()
        ),
        notes=("On one common sample; the smallest value of each stands out.",),
    )
    yield Table(
        "What it leaves",
        ("test", "statistic", "p", "null hypothesis"),
        tuple(
            (
                Cell(test.name),
                Cell(DASH if test.statistic is None else plain_number(test.statistic, ".3g"), test.reason),
                Cell(p_cell(test), test.reason, test.rejected),
                Cell(test.null),
            )
            for test in found.tests
        ),
        words=("test", "null hypothesis"),
    )


def _captions(found: ArDiagnosis) -> tuple[str, ...]:
    lines = ["The error is that of a model whose coefficients are known."]
    if found.spread is not None:
        lines.append("Dashed: the standard deviation of the process, which the error approaches.")
    if found.limit is not None and found.limit <= len(found.error):
        lines.append(f"The vertical line marks h = {found.limit}, where 95 % of the variance is error.")
    lines.append("Shaded: 95 % of the correlations of white noise.")
    return tuple(lines)


def _plain_order(comparison: Comparison, model: str) -> bool:
    """Whether the last fit tells a plain order p."""
    facts = comparison.forecasts.facts.get(model, ())
    return bool(facts) and isinstance(facts[-1].get("p"), int)


def _root_text(real: float, imaginary: float) -> str:
    text = plain_number(real, ".3f")
    return text if imaginary == 0 else f"{text} ± {plain_number(imaginary, '.3f')}i"
