"""Checks of the contest: is every model what it is called, and did both sides get the same chance?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.comparison.adjustment import holm
from forecastkit.comparison.audited import Audited
from forecastkit.comparison.finding import Finding, Level, percent
from forecastkit.comparison.significance import equal_accuracy
from forecastkit.diagnostics.autocorrelation import breusch_godfrey
from forecastkit.models.baselines import references

ERRORS = 2.0
LARGEST_RATIO = 3.0
STRICT, SURE = 0.01, 0.001
LARGE_GAIN, LITTLE_GAIN, MOST = 0.1, 0.02, 0.8
ALIKE, TOO_LITTLE = 0.25, 1e-4


def baselines(case: Audited) -> Finding | None:
    """H-BASE: a baseline that is missing or broken.

    Skill over nothing, or over an AR with a bug, is easy to have. Example: an AR fitted on prices with a
    wrong sign, beaten by everything, naive included.

    Rule: naive, climatology and, with a season, their seasonal forms always run; one that is absent warns.
    So does an AR that is worse than the better naive forecast by more than 2 standard errors at h = 1, for
    an AR contains it.
    """
    present = [name for name in case.forecasts.models if name in case.comparison.references]
    wanted = [reference.name for reference in references(case.series.period)]
    absent = [name for name in wanted if name not in present]
    if absent:
        text = (
            f"{' and '.join(absent)} did not run or failed: skill is measured against {', '.join(present)}."
        )
        remedy = "See why under Failures; give the history (history=) where the frame holds too little."
        return Finding("H-BASE", "warn", text, remedy, {"absent": absent, "references": present})
    facts: dict[str, Any] = {"references": present}
    text = f"{len(present)} references ran: {', '.join(present)}"
    if case.ar is None:
        return Finding("H-BASE", "pass", f"{text}.", facts=facts)
    losses = case.comparison.drawn.losses
    naive = min(("naive", "seasonal-naive"), key=lambda n: losses[n][:, 0].mean() if n in losses else np.inf)
    test = equal_accuracy(losses[case.ar][:, 0] - losses[naive][:, 0], 1, case.forecasts.step, "greater")
    statistic = np.nan if test.statistic is None else test.statistic
    facts = {**facts, "against": naive, "statistic": statistic}
    if statistic > ERRORS:
        text = f"{case.ar} is worse than {naive} at h = 1 by {statistic:.1f} standard errors: it is broken."
        remedy = "Check the AR's data, lags and differencing: it contains the naive forecast."
        return Finding("H-BASE", "warn", text, remedy, facts)
    told = f"; {case.ar} against {naive} at h = 1: {statistic:.1f} standard errors (2 would warn)."
    return Finding("H-BASE", "pass", text + (told if np.isfinite(statistic) else "."), facts=facts)


def weak_ar(case: Audited) -> Finding | None:
    """H-ARWEAK: a strawman AR.

    An AR(1) on monthly data leaves the whole season in its residuals, and any network beats it. Example: a
    "linear baseline" with one lag, next to a network with a lookback of 24.

    Rule: the one-step errors of the AR from consecutive origins hold no autocorrelation:
    heteroskedasticity-robust Breusch-Godfrey test over max(10, 2 period) lags, p below .01 warns, with the
    first lag that stands out. With origins further apart the errors do not follow one another, and the AR is
    not tested here.
    """
    if case.ar is None:
        return None
    lags = max(10, 2 * case.series.period)
    if not case.consecutive or case.n < 3 * lags + 10:
        text = f"What {case.ar} leaves shows in its one-step errors from {3 * lags + 10} consecutive origins."
        return Finding(
            "H-ARWEAK", "untested", text, "Use step=1 and more origins; see the AR's residual tests."
        )
    errors = case.actual[:, 0] - case.paths(case.ar)[:, 0]
    if not np.std(errors) > 1e-12 * max(float(np.std(case.actual[:, 0])), 1e-300):
        return Finding("H-ARWEAK", "pass", f"{case.ar} makes no error at h = 1.")
    test = breusch_godfrey(errors - errors.mean(), np.ones((case.n, 1)), lags, form="robust")
    p = np.nan if test.p_value is None else test.p_value
    facts = {"p_value": test.p_value, "lags": lags}
    if not p < STRICT:
        text = f"The one-step errors of {case.ar} hold no autocorrelation up to lag {lags} (p = {p:.2g})."
        return Finding("H-ARWEAK", "pass", text, facts=facts)
    first = _first_lag(errors, lags)
    text = f"{case.ar} leaves autocorrelation in its one-step errors (p = {p:.2g} over {lags} lags"
    text += f"; the first that stands out is lag {first})." if first else ")."
    remedy = (
        "Give the AR that lag (a higher order, the season, ar-weighted) before beating it proves anything."
    )
    return Finding("H-ARWEAK", "warn", text, remedy, {**facts, "first_lag": first})


def _first_lag(errors: Vector, lags: int) -> int | None:
    """First lag whose product with the present is too large for chance, allowing for changing variance."""
    e = errors - errors.mean()
    for k in range(1, lags + 1):
        products = e[k:] * e[:-k]
        if abs(products.sum()) > 2.58 * float(np.sqrt(np.sum(products**2))):
            return k
    return None


def tuned_unevenly(case: Audited) -> Finding | None:
    """H-TUNE: a tuned network against a default AR, or the reverse.

    A search over 200 configurations on one side and an AR(1) on the other compares effort, not models.
    Example: a grid of layers, units, rates and lookbacks; "ARIMA(1,1,1) was used as the baseline".

    Rule: configurations that either side tried on data before the first origin, and the seconds that took;
    more than three times as many on one side warn. The orders that an AR chooses among by a criterion are no
    configurations: they cost nothing and are part of the model.
    """
    network = case.network
    if network is None or case.ar is None:
        return None
    told = {model: case.selection(model) for model in (case.ar, network)}
    unknown = [m for m, chosen in told.items() if not chosen and not case.shipped(m)]
    if unknown:
        text = f"How many configurations of {' and '.join(unknown)} were tried is not told."
        return Finding("H-TUNE", "untested", text, "Quote configurations and seconds of both sides.")
    tried = {model: int(chosen.get("configurations", 1)) for model, chosen in told.items()}
    seconds = {model: float(chosen.get("seconds", 0.0)) for model, chosen in told.items()}
    text = "Configurations tried before the first origin: "
    text += ", ".join(f"{model} {tried[model]} ({seconds[model]:.2g} s)" for model in tried) + "."
    facts = {"configurations": tried, "seconds": seconds}
    ratio = max(tried.values()) / max(min(tried.values()), 1)
    if ratio > LARGEST_RATIO:
        remedy = "Give both sides the same search, or say that the comparison is of effort."
        return Finding("H-TUNE", "warn", f"{text} One side had {ratio:.1f} times the other's.", remedy, facts)
    return Finding("H-TUNE", "pass", text, facts=facts)


def wrong_code(case: Audited) -> Finding | None:
    """H-KNOWN: wrong model code.

    An index off by one, a sign, a path returned in the wrong order: the model runs, trains, and is beaten or
    wins for the wrong reason. Example: `forecast[h]` filled with the forecast for h + 1.

    Rule: `forecastkit selftest` compares every registered model with the true-parameter forecast on known
    processes. Here: on a synthetic series no model may beat the oracle (one-sided, p < .001 after Holm over
    h: it fails, for it knows what cannot be known). On any series paths are moved by one step, and mirrored
    in the last value: that may not make them better at 80 % of all h, by 2 % on average, at one h beyond luck
    (p < .01 after Holm), and better than every reference on average (a right model that has lost its
    process, after a break, is helped by many a change). Where moving them helps by 10 % or more at some h
    they are off by one, which fails; less, or a better mirror image (a wrong sign), warns. Nor may the paths
    of a model be those of the AR moved by one step (fails) or mirrored (warns): a quarter, or less, of what
    the AR as it is does not explain of them would be left.
    """
    if not case.models or case.n < 1:
        return None
    oracle = next((m for m in case.comparison.skill if case.forecasts.families[m] == "oracle"), None)
    wrong = _wiser_than(case, oracle) if oracle else None
    wrong = wrong or next((told for model in case.models if (told := _misplaced(case, model))), None)
    if wrong is not None:
        return wrong
    text = "No shift by one step and no change of sign makes the paths better"
    facts: dict[str, Any] = {}
    if oracle is not None:
        losses = case.comparison.drawn.losses
        regret = {
            m: float(np.sqrt(losses[m].mean(axis=0) / losses[oracle].mean(axis=0)).max()) for m in case.models
        }
        text += "; error against the best forecast there is, at most: "
        text += ", ".join(f"{model} {value:.2f}" for model, value in regret.items())
        facts = {"largest_ratio_to_oracle": regret}
    return Finding("H-KNOWN", "pass", f"{text}.", facts=facts)


def _wiser_than(case: Audited, oracle: str) -> Finding | None:
    """A model that beats the best forecast there is."""
    losses = case.comparison.drawn.losses
    for model in case.models:
        p = _beats(case, losses[model], losses[oracle])
        if p < SURE:
            text = f"{model} beats the best forecast there is (p = {p:.1g}): it knows what cannot be known."
            remedy = "Look for a leak: fk.prove_no_leak(model, series)."
            return Finding("H-KNOWN", "fail", text, remedy, {"model": model, "p_value": p})
    return None


def _misplaced(case: Audited, model: str) -> Finding | None:
    """Paths that are those of the AR but for a shift or a sign, or that a shift or a sign makes better."""
    left = dict(_likenesses(case, model))
    what = min(left, key=lambda name: left[name], default="")
    if what and left[what] < ALIKE:
        text = f"The paths of {model} are those of {case.ar} {what} (what is left: {percent(left[what])})."
        return _mistaken(text, what, grave=True, facts={"model": model, "left": left[what]})
    gains = dict(_mistakes(case, model))
    what = max(gains, key=lambda name: gains[name])
    if not gains[what]:
        return None
    text = f"{model} is better by up to {percent(gains[what])} when its paths are {what}."
    return _mistaken(text, what, grave=gains[what] > LARGE_GAIN, facts={"model": model, "gain": gains[what]})


def _mistaken(text: str, what: str, *, grave: bool, facts: Mapping[str, Any]) -> Finding:
    sign = what == "mirrored"
    level: Level = "fail" if grave and not sign else "warn"
    remedy = f"Look for {'a sign' if sign else 'an index'} in its code."
    return Finding("H-KNOWN", level, text, remedy, {**facts, "mistake": what})


def _beats(case: Audited, losses: Matrix, others: Matrix) -> float:
    """Smallest p over h, after Holm, of the one having smaller losses than the other; 1 without a test."""
    found = [
        equal_accuracy(losses[:, i] - others[:, i], i + 1, case.forecasts.step, "less").p_value
        for i in range(losses.shape[1])
    ]
    p = holm(np.array([np.nan if value is None else value for value in found]))
    return float(np.nanmin([*p, 1.0]))


def _mistakes(case: Audited, model: str) -> Iterator[tuple[str, float]]:
    """How much simple repairs of the paths improve them at best, 0 where they do not, on the same cells."""
    paths, last = case.level_paths(model), case.last[:, None]
    came = np.column_stack([case.ahead(h) for h in range(1, case.horizon + 1)])
    given = (came - paths) ** 2
    references = [(came - case.level_paths(name)) ** 2 for name in case.comparison.references]
    yield "mirrored", _better_by(case, (came - (2 * last - paths)) ** 2, given, references)
    if case.horizon > 1:
        for name, kept, taken in (
            ("earlier", slice(None, -1), slice(1, None)),
            ("later", slice(1, None), slice(None, -1)),
        ):
            moved = (came[:, kept] - paths[:, taken]) ** 2
            others = [losses[:, kept] for losses in references]
            yield f"taken one step {name}", _better_by(case, moved, given[:, kept], others)


def _likenesses(case: Audited, model: str) -> Iterator[tuple[str, float]]:
    """What of a model's moves the AR's do not explain when shifted or mirrored, as a share of else.

    Moves are explained up to a factor, so that a model which moves half as far is not taken for a late one.
    """
    if case.ar is None or model == case.ar or case.horizon < 3:
        return
    last = case.last[:, None]
    moves, ar = case.level_paths(model) - last, case.level_paths(case.ar) - last
    if not min(float(np.sum(moves**2)), float(np.sum(ar**2))) > 0:
        return
    alike, left = _unexplained(moves, ar)
    yield "mirrored", left if alike < 0 else 1.0
    yield "one step late", _left(moves[:, 1:], ar[:, :-1], ar[:, 1:])
    yield "one step early", _left(moves[:, :-1], ar[:, 1:], ar[:, :-1])


def _left(moves: Matrix, shifted: Matrix, given: Matrix) -> float:
    """What is unexplained by shifted moves as a share of what is by those given; 1 where nothing is."""
    factor, left = _unexplained(moves, shifted)
    before = _unexplained(moves, given)[1]
    return left / before if factor > 0 and before > TOO_LITTLE else 1.0


def _unexplained(moves: Matrix, by: Matrix) -> tuple[float, float]:
    """Best factor, and the share of the squares of some moves that it leaves."""
    product, size, own = float(np.sum(moves * by)), float(np.sum(by**2)), float(np.sum(moves**2))
    if not (size > 0 and own > 0):
        return 0.0, 1.0
    return product / size, 1 - product**2 / (size * own)


def _better_by(case: Audited, repaired: Matrix, given: Matrix, references: list[Matrix]) -> float:
    """Largest gain over h of a repair that leads to skill, nearly everywhere and beyond luck, else 0."""
    if repaired.mean() >= min((losses.mean() for losses in references), default=np.inf):
        return 0.0
    size = np.maximum(given.mean(axis=0), 1e-300)
    gain = 1 - repaired.mean(axis=0) / size
    if np.mean(gain > 0) < MOST or gain.mean() < LITTLE_GAIN:
        return 0.0
    return float(gain.max()) if _beats(case, repaired, given) < STRICT else 0.0
