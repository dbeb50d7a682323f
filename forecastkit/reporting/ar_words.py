"""The AR taken apart, in words and plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import numpy as np

from forecastkit.arrays import Indices
from forecastkit.models.ar_diagnosis import SHOWN, ArDiagnosis


def summary_words(diagnosis: ArDiagnosis) -> list[str]:
    """What matters, one sentence each."""
    what = "first differences" if diagnosis.differenced else "the values"
    constant = "with a constant" if diagnosis.constant else "without a constant"
    lines = [
        f"AR({diagnosis.p}) of {what} {constant}, {diagnosis.rows} rows; standard deviation of the "
        f"innovations {diagnosis.sigma:.4g}."
    ]
    if diagnosis.modulus >= 1:
        lines.append(
            f"The largest inverse root has modulus {diagnosis.modulus:.3f}: forecasts explode. Model "
            "differences instead."
        )
    elif diagnosis.half_life is not None:
        lines.append(
            f"The largest inverse root has modulus {diagnosis.modulus:.3f}: the effect of a shock on what "
            f"was modelled halves in {diagnosis.half_life:.1f} steps."
        )
    if diagnosis.limit is not None:
        lines.append(
            f"From h = {diagnosis.limit} on, 95 % of the variance is error: no linear model sees farther."
        )
    elif diagnosis.differenced:
        lines.append("The error grows without bound, so there is no h at which the level is forgotten.")
    left = [test.name for test in diagnosis.tests if test.rejected]
    lines.append(f"Residuals: {', '.join(left)} rejected at 5 %." if left else "Residuals: no test rejects.")
    return lines


def shown_orders(diagnosis: ArDiagnosis) -> Indices:
    """Orders worth a row: around the smallest value of each criterion, the chosen one and the ends."""
    last = len(diagnosis.orders["bic"]) - 1
    centres = {int(np.argmin(values)) for values in diagnosis.orders.values()} | {diagnosis.p}
    near = {c + shift for c in centres for shift in (-1, 0, 1)} | {0, 1, last}
    return np.array(sorted(order for order in near if 0 <= order <= last))


def ar_text(diagnosis: ArDiagnosis) -> str:
    """Everything in plain text, 80 columns wide."""
    wrapped = [line for words in summary_words(diagnosis) for line in textwrap.wrap(words, 80)]
    parts = (_coefficients, _roots, _orders, _tests, _memory, _correlations)
    return "\n".join(["\n".join(wrapped), *("\n".join(part(diagnosis)) for part in parts)])


def _coefficients(diagnosis: ArDiagnosis) -> Iterable[str]:
    if not diagnosis.coefficients:
        return
    yield f"\n{'':<12}{'estimate':>12}{'s.e.':>12}{'HAC s.e.':>12}{'p (HAC)':>10}"
    for c in diagnosis.coefficients:
        yield f"{c.name:<12}{c.estimate:>12.5g}{c.error:>12.4g}{c.hac_error:>12.4g}{c.p_value:>10.4f}"


def _roots(diagnosis: ArDiagnosis) -> Iterable[str]:
    if not diagnosis.roots:
        return
    yield f"\n{'inverse root':<24}{'modulus':>10}{'cycle':>10}"
    for root in diagnosis.roots:
        place = f"{root.real:.4f}" + (f" +- {root.imaginary:.4f}i" if root.imaginary else "")
        yield f"{place:<24}{root.modulus:>10.4f}" + (f"{root.cycle:>10.2f}" if root.cycle else "")


def _orders(diagnosis: ArDiagnosis) -> Iterable[str]:
    yield f"\n{'order':<8}" + "".join(f"{name.upper():>14}" for name in SHOWN)
    for order in shown_orders(diagnosis).tolist():
        values = "".join(f"{diagnosis.orders[name][order]:>14.3f}" for name in SHOWN)
        yield f"{order:<8}{values}" + ("  *" if order == diagnosis.p else "")


def _tests(diagnosis: ArDiagnosis) -> Iterable[str]:
    yield f"\n{'residual test':<26}{'statistic':>12}{'p':>10}"
    for test in diagnosis.tests:
        outcome = test.reason if test.statistic is None else f"{test.statistic:>12.4g}{test.p_value:>10.4f}"
        yield f"{test.name:<26}{outcome}"


def _memory(diagnosis: ArDiagnosis) -> Iterable[str]:
    share = "" if diagnosis.spread is None else f"{'of spread':>12}"
    yield f"\n{'h':<6}{'impulse':>12}{'error':>12}{share}"
    last = len(diagnosis.error)
    for h in sorted({1, 2, 3, 6, 12, 24, last} & set(range(1, last + 1))):
        share = "" if diagnosis.spread is None else f"{diagnosis.error[h - 1] / diagnosis.spread:>12.3f}"
        yield f"{h:<6}{diagnosis.impulse[h]:>12.4f}{diagnosis.error[h - 1]:>12.4g}{share}"


def _correlations(diagnosis: ArDiagnosis) -> Iterable[str]:
    found = diagnosis.correlogram
    yield f"\n{'lag':<6}{'ACF':>10}{'PACF':>10}   band +-{found.white_noise_band:.3f}"
    for lag, (r, partial) in enumerate(zip(found.acf[:12], found.pacf[:12], strict=True), start=1):
        yield f"{lag:<6}{r:>10.3f}{partial:>10.3f}"
