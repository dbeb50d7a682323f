"""Tables of a diagnosis."""

from __future__ import annotations

import numpy as np

from forecastkit.diagnostics.diagnosis import Diagnosis
from forecastkit.diagnostics.outcome import HypothesisTest
from forecastkit.reporting.diagnosis_words import p_cell
from forecastkit.reporting.tables import DASH, Cell, Table, decimals, number
from forecastkit.series.series import label

MOST_OUTLIERS = 12


def root_table(diagnosis: Diagnosis) -> Table:
    """Tests of a unit root and of stationarity, with what each says about levels and differences."""
    roots = diagnosis.roots
    rows = [
        (test, around)
        for around, tests in (
            ("mean", (roots.adf, roots.phillips_perron, roots.dfgls, roots.kpss)),
            ("line", (roots.adf_line, roots.kpss_line)),
        )
        for test in tests
    ]
    return Table(
        caption="Unit root or stationary",
        columns=("test", "around a", "statistic", "p", "lags", "says"),
        rows=tuple(
            (
                Cell(test.name),
                Cell(around),
                Cell(_statistic(test), test.reason),
                Cell(p_cell(test), test.reason, test.rejected),
                Cell(DASH if test.lags is None else str(test.lags)),
                Cell(_root_word(test)),
            )
            for test, around in rows
        ),
        words=("test", "around a", "says"),
        notes=(
            "Small p of ADF, Phillips-Perron and DF-GLS: no unit root. Small p of KPSS: not stationary; its "
            "p-values end at .01 and .1.",
        ),
    )


def other_tests(diagnosis: Diagnosis) -> tuple[HypothesisTest, ...]:
    """Every test beside those of unit roots."""
    season = () if diagnosis.season is None else (diagnosis.season,)
    stability = (diagnosis.mean.test, diagnosis.variance.test)
    return (*diagnosis.residual_tests, *diagnosis.linearity_tests, *season, *stability)


def test_table(diagnosis: Diagnosis) -> Table:
    """Every other test: what it denies, its statistic, degrees of freedom and p-value."""
    return Table(
        caption="What else was tested",
        columns=("test", "statistic", "df", "p", "null hypothesis"),
        rows=tuple(
            (
                Cell(test.name),
                Cell(_statistic(test), test.reason),
                Cell(", ".join(map(str, test.degrees)) or DASH),
                Cell(p_cell(test), test.reason, test.rejected),
                Cell(f"{test.null}{f' ({test.reason})' if test.reason else ''}"),
            )
            for test in other_tests(diagnosis)
        ),
        words=("test", "null hypothesis"),
        notes=("Bold: the null hypothesis is rejected at 5 %. Each test for itself, without adjustment.",),
    )


def outlier_table(diagnosis: Diagnosis) -> Table | None:
    """Shocks that stand out, the furthest first; None where none does."""
    shown = diagnosis.outliers[:MOST_OUTLIERS]
    if not shown:
        return None
    positions = [diagnosis.position(outlier.position) for outlier in shown]
    values = diagnosis.series.values[positions]
    shocks = np.array([diagnosis.fit.residuals[outlier.position] for outlier in shown])
    rows = zip(positions, values, shocks, shown, strict=True)
    more = len(diagnosis.outliers) - len(shown)
    notes = (
        "Shock: value minus what the autoregression expected one step before. Distance: from the median, in "
        "robust deviations (1.4826 times the median absolute deviation)."
    )
    return Table(
        caption="Shocks that stand out",
        columns=("time", "value", "shock", "distance"),
        rows=tuple(
            (
                Cell(label(diagnosis.series.index[position])),
                Cell(number(value, decimals(values))),
                Cell(number(shock, decimals(shocks))),
                Cell(number(outlier.score, 1)),
            )
            for position, value, shock, outlier in rows
        ),
        words=("time",),
        notes=(notes, *([f"{more} more are not listed."] if more else [])),
    )


def correlogram_table(diagnosis: Diagnosis) -> Table:
    """Autocorrelations by lag, those outside their bands standing out."""
    found = diagnosis.correlogram
    rows = zip(found.acf, found.bartlett_band, found.pacf, strict=True)
    return Table(
        caption="Autocorrelations",
        columns=("lag", "ACF", "Bartlett's band", "PACF"),
        rows=tuple(
            (
                Cell(str(lag)),
                Cell(number(r, 3), strong=bool(abs(r) > found.white_noise_band)),
                Cell(f"± {number(band, 3)}"),
                Cell(number(partial, 3), strong=bool(abs(partial) > found.white_noise_band)),
            )
            for lag, (r, band, partial) in enumerate(rows, start=1)
        ),
        notes=(f"Bold: outside ± {number(found.white_noise_band, 3)}, the 95 % band of white noise.",),
    )


def _statistic(test: HypothesisTest) -> str:
    return DASH if test.statistic is None else number(test.statistic, 3)


def _root_word(test: HypothesisTest) -> str:
    if test.p_value is None:
        return f"no test: {test.reason}"
    if test.name == "KPSS":
        return "differences" if test.rejected else "levels"
    return "levels" if test.rejected else "differences"
