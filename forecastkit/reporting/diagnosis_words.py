"""A diagnosis in words: is there anything to find, and what a model has to cope with."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from forecastkit.diagnostics.diagnosis import Diagnosis
from forecastkit.diagnostics.outcome import HypothesisTest
from forecastkit.reporting.canvas import plain_number
from forecastkit.reporting.tables import p_text
from forecastkit.reporting.words import percent
from forecastkit.series.series import label

NAMED_OUTLIERS = 3
MANY_OUTLIERS = 0.01
"""Share of residuals above which outliers are heavy tails rather than single events."""
STRONG = 0.6
"""Strength from which a season is called strong; the limit of Hyndman & Athanasopoulos (`nsdiffs`) is .64."""


def diagnosis_text(diagnosis: Diagnosis) -> str:
    """Write a diagnosis for a terminal: the sentence, what it rests on, and every test."""
    from forecastkit.reporting.diagnosis_tables import root_table, test_table
    from forecastkit.reporting.terminal import text_table

    lines = [diagnosis_sentence(diagnosis), *(f"- {line}" for line in diagnosis_details(diagnosis))]
    tables = (root_table(diagnosis), test_table(diagnosis))
    return "\n".join([*lines, *(f"\n{text_table(table)}" for table in tables if table.rows)])


def diagnosis_sentence(diagnosis: Diagnosis) -> str:
    """Say in one sentence whether tests find anything that an autoregression does not."""
    model = f"AR({diagnosis.fit.p})"
    found = diagnosis.nonlinearity
    if diagnosis.exact:
        return "An autoregression fits the series exactly: there is no noise, and nothing left to find."
    if found == "mean":
        return "There may be something for a network to find: the mean is not linear in the past."
    if found == "variance":
        return (
            f"Nothing for a network to find in the mean: beyond an {model}, only the size of the shocks "
            "depends on the past."
        )
    if found == "unknown":
        return (
            f"What an {model} leaves is not independent, but tests of the mean find nothing: whether a "
            "network can use it is open."
        )
    if found == "none":
        return f"Nothing for a network to find: tests see nothing in what an {model} leaves."
    return "Whether there is anything for a network to find could not be tested."


def diagnosis_details(diagnosis: Diagnosis) -> list[str]:
    """List the findings, each with the tests behind it."""
    return [
        root_line(diagnosis),
        *_memory_lines(diagnosis),
        *_season_lines(diagnosis),
        *_linearity_lines(diagnosis),
        *_stability_lines(diagnosis),
        *_outlier_lines(diagnosis),
    ]


def root_line(diagnosis: Diagnosis) -> str:
    """Say whether levels or differences are advised, and whether the tests agree."""
    roots = diagnosis.roots
    if roots.advice == "untested":
        return f"Levels or differences: no test ({roots.adf.reason or roots.kpss.reason})."
    evidence = f"ADF {p_said(roots.adf)}, KPSS {p_said(roots.kpss)}"
    said = {
        "levels": f"Levels: a unit root is rejected and stationarity is not ({evidence}).",
        "differences": f"Differences: a unit root is not rejected and stationarity is ({evidence}).",
        "line": (
            f"Stationary around a line: around a mean ADF and KPSS ask for differences ({evidence}), around "
            f"a line they do not (ADF {p_said(roots.adf_line)}, KPSS {p_said(roots.kpss_line)})."
        ),
        "conflict": (
            f"ADF and KPSS contradict each other: both reject ({evidence}), as a trend, a break or long "
            "memory makes them."
        ),
        "unclear": f"ADF and KPSS leave it open: neither rejects ({evidence}); they have little power here.",
    }[roots.advice]
    both = f"Phillips-Perron ({p_said(roots.phillips_perron)}) and DF-GLS ({p_said(roots.dfgls)})"
    if roots.others_agree:
        return f"{said} {both} agree with ADF."
    return f"{said} {_who_differs(diagnosis)}"


def _who_differs(diagnosis: Diagnosis) -> str:
    roots = diagnosis.roots
    against = [
        f"{test.name} ({p_said(test)})"
        for test in (roots.phillips_perron, roots.dfgls)
        if test.rejected != roots.adf.rejected
    ]
    verb = "does" if len(against) == 1 else "do"
    return f"{' and '.join(against)} {verb} not agree with ADF."


def _memory_lines(diagnosis: Diagnosis) -> Iterable[str]:
    scale = "first differences" if diagnosis.roots.differ else "the values"
    if diagnosis.exact:
        yield f"An AR({diagnosis.fit.p}) on {scale} leaves rounding errors only."
        return
    box, plain, robust, arch = diagnosis.residual_tests
    start = f"BIC chooses order {diagnosis.fit.p} on {scale}"
    if robust.rejected:
        yield f"{start}; autocorrelation is left (Breusch-Godfrey, robust, {p_said(robust)})."
    elif plain.rejected or box.rejected:
        yield (
            f"{start}; Ljung-Box ({p_said(box)}) and Breusch-Godfrey ({p_said(plain)}) see autocorrelation, "
            f"the robust form ({p_said(robust)}) does not: a changing variance may make them."
        )
    else:
        evidence = f"Breusch-Godfrey {p_said(plain)}, Ljung-Box {p_said(box)}"
        yield f"{start}; no autocorrelation is left ({evidence})."
    if arch.rejected:
        yield f"The size of the shocks depends on the past (ARCH, {p_said(arch)})."


def _season_lines(diagnosis: Diagnosis) -> Iterable[str]:
    period = diagnosis.series.period
    if diagnosis.season is not None and diagnosis.strength is not None:
        share = percent(diagnosis.strength)
        degree = "strong" if diagnosis.strength >= STRONG else "weak"
        if diagnosis.season.rejected:
            yield f"The season of {period} is {degree}: it explains {share} of the variance around the trend."
        else:
            evidence = f"{p_said(diagnosis.season)}, strength {share}"
            yield f"The declared season of {period} is not seen: {evidence}."
    elif period > 1:
        yield f"The declared season of {period} cannot be tested: fewer than three seasons."
    others = [cycle for cycle in diagnosis.cycles if cycle.period != period]
    if others:
        told = ", ".join(f"{c.period} (autocorrelation {_decimal(c.correlation)})" for c in others)
        yield f"It resembles itself after {told} observations."


def _linearity_lines(diagnosis: Diagnosis) -> Iterable[str]:
    if not diagnosis.linearity_tests:
        return
    tested = ", ".join(f"{test.name} {p_said(test)}" for test in diagnosis.linearity_tests)
    yield f"Linearity: {tested}."
    if diagnosis.nonlinearity in ("mean", "unknown") and diagnosis.residual_tests[2].rejected:
        yield "These tests also react to the autocorrelation that is left, so take them with care."


def _stability_lines(diagnosis: Diagnosis) -> Iterable[str]:
    mean, variance = diagnosis.mean, diagnosis.variance
    if mean.test.rejected and mean.position is not None:
        what = "mean of the differences" if diagnosis.roots.differ else "mean"
        values = f"from {_figure(mean.before)} to {_figure(mean.after)}"
        when = _when(diagnosis, mean.position, worked=True)
        yield f"The {what} changes about {when}, {values} ({p_said(mean.test)})."
    if variance.test.rejected and variance.position is not None:
        values = f"from {_figure(variance.before)} to {_figure(variance.after)}"
        yield (
            f"The deviation of the shocks changes about {_when(diagnosis, variance.position)}, {values} "
            f"({p_said(variance.test)})."
        )
    stable = [name for name, test in (("mean", mean.test), ("variance", variance.test)) if _kept(test)]
    if stable:
        yield f"No change of {' or '.join(stable)} over time is found."


def _outlier_lines(diagnosis: Diagnosis) -> Iterable[str]:
    count, residuals = len(diagnosis.outliers), len(diagnosis.fit.residuals)
    if not count:
        return
    named = ", ".join(
        f"{_when(diagnosis, o.position)} ({_decimal(o.score, '+.1f')})"
        for o in diagnosis.outliers[:NAMED_OUTLIERS]
    )
    shocks = "shock stands" if count == 1 else "shocks stand"
    tails = (
        ": heavy tails rather than single events" if count > MANY_OUTLIERS * residuals and count > 3 else ""
    )
    first = ", first of all" if count > NAMED_OUTLIERS else ":"
    yield f"{count} {shocks} out by robust deviations{tails}{first} {named}."


def _kept(test: HypothesisTest) -> bool:
    return test.p_value is not None and not test.rejected


def _when(diagnosis: Diagnosis, position: int, *, worked: bool = False) -> str:
    n = len(diagnosis.fit.values) if worked else len(diagnosis.fit.residuals)
    return label(diagnosis.series.index[position + len(diagnosis.series) - n])


def p_said(test: HypothesisTest) -> str:
    """Write a p-value for a sentence.

    Example:
        >>> p_said(HypothesisTest("t", "n", 1.0, 0.0312, 9)), p_said(HypothesisTest("t", "n", 9.0, 1e-9, 9))
        ('p = .031', 'p < .001')
    """
    if test.p_value is None:
        return "no test"
    text = p_cell(test)
    return f"p {text}" if text[0] in "<≤≥" else f"p = {text}"


def p_cell(test: HypothesisTest) -> str:
    """Write a p-value for a table, with the sign of a bound where it lies beyond a table's end."""
    text = p_text(test.p_value)
    sign = {"<=": "≤", ">=": "≥", "": ""}[test.bound]
    return f"{sign} {text.rstrip('0')}" if sign else text


def _figure(value: float | None) -> str:
    return plain_number(np.nan if value is None else value, ".3g")


def _decimal(value: float, form: str = ".2f") -> str:
    return format(value, form).replace("-", "\N{MINUS SIGN}")
