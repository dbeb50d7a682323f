"""Checks of the set-up: were the models scored on the same cells, enough of them, against a fair baseline?"""

from __future__ import annotations

import numpy as np

from forecastkit.backtesting.plan import FEWEST_ORIGINS
from forecastkit.comparison.audited import Audited
from forecastkit.comparison.finding import Finding
from forecastkit.sources.revision import revision_sentence

WANTED_ORIGINS, WANTED_SPANS = 30, 3
LOST = 0.1
ERRORS = 2.0
LARGEST_BATCH = 1024


def dropped_batch(case: Audited) -> Finding | None:
    """H-DROPLAST: the last partial batch was never scored.

    Loaders drop the last batch that is not full, and with a batch of 512 a table lacks up to 511 of its last
    windows; a larger batch then gives a better score. Example: long-horizon benchmarks whose errors fall by
    a third with the test batch size.

    Rule: scored pairs are compared with those expected. It fails where a model lacks the last origins of the
    run and no others, unless it ran here and told why it failed there; missing cells elsewhere are counted by
    H-SAMEORIGIN. It warns where all models stop early although the actual values go on. `prove_no_leak` asks
    a model for one origin alone and for many together, which must give the same forecasts.
    """
    forecasts, actual = case.forecasts, np.isfinite(case.forecasts.actual).all(axis=1)
    expected = int(actual.sum()) * case.horizon
    short: dict[str, int] = {}
    for model in () if case.made_here else forecasts.models:
        missing = np.flatnonzero(~np.isfinite(forecasts.of(model)).all(axis=1) & actual)
        tail = np.flatnonzero(actual)[len(np.flatnonzero(actual)) - len(missing) :]
        if 0 < len(missing) < actual.sum() and np.array_equal(missing, tail):
            short[model] = len(missing)
    facts = {"expected_pairs": expected, "scored_pairs": case.n * case.horizon, "last_missing": short}
    if short:
        told = ", ".join(f"{model} lacks the last {count}" for model, count in short.items())
        text = f"{told} of {int(actual.sum())} origins, and no others: a last partial batch that was dropped."
        remedy = "Forecast every origin: keep the last partial batch (drop_last=False)."
        return Finding("H-DROPLAST", "fail", text, remedy, facts)
    beyond = len(case.series) - case.horizon - int(forecasts.origins[-1])
    later = beyond // forecasts.step
    cut = "horizon" in case.comparison.settings  # fewer steps are judged than were forecast
    if not (case.made_here or cut) and 0 < later < LARGEST_BATCH:
        text = f"Actual values go on for {later} more origins after the last one that was forecast."
        return Finding("H-DROPLAST", "warn", text, "Forecast them, or say why they are left out.", facts)
    text = f"{case.n * case.horizon} of {expected} expected pairs of forecast and actual value were scored."
    return Finding("H-DROPLAST", "pass", text, facts=facts)


def same_cells(case: Audited) -> Finding | None:
    """H-SAMEORIGIN: models scored on different cells.

    A model that fails on the hard origins and is averaged over the easy ones has the smallest error. Example:
    two tables from two papers, one over 2007 to 2012, the other over 2013 to 2019.

    Rule: every average is taken over the origins that all models served, which is asserted here. Missing
    origins are counted by model; more than 10 % lost, or a model that left, warns.
    """
    scores, forecasts = case.comparison.scores, case.forecasts
    whole = all(np.isfinite(case.paths(model)).all() for model in scores.models)
    missing = {
        model: int((~np.isfinite(forecasts.of(model)).all(axis=1)).sum()) for model in forecasts.models
    }
    missing = {model: count for model, count in missing.items() if count}
    lost = len(forecasts.origins) - case.n
    facts = {"common": case.n, "origins": len(forecasts.origins), "missing": missing}
    text = f"{len(scores.models)} models, all scored on the same {case.n} origins and {case.horizon} horizons"
    if not whole:
        return Finding("H-SAMEORIGIN", "fail", "Models were scored on different cells.", "", facts)
    if not (missing or lost):
        return Finding("H-SAMEORIGIN", "pass", f"{text}.", facts=facts)
    told = (
        ", ".join(f"{model} lacks {count}" for model, count in missing.items()) or "actual values are missing"
    )
    text += f"; {lost} of {len(forecasts.origins)} were left out ({told})."
    heavy = bool(scores.dropped) or lost > LOST * len(forecasts.origins)
    remedy = "Find out why forecasts are missing: hard origins may have gone with them."
    return Finding("H-SAMEORIGIN", "warn" if heavy else "inform", text, remedy, facts)


def one_split(case: Audited) -> Finding | None:
    """H-ONESPLIT: a single split.

    Train on 80 %, test on 20 %, one path: the result is one draw. With another split the ranking is another.
    Example: "the LSTM reduces the error by 11 %" on the last 30 days of one stock.

    Rule: fewer than 30 origins, or fewer than three spans of H that do not overlap, warn; under ten origins
    there is no p-value at all.
    """
    spans = case.n * min(1.0, case.forecasts.step / case.horizon)
    facts = {"origins": case.n, "spans": spans}
    text = f"{case.n} origins, {spans:.1f} spans of {case.horizon} that do not overlap"
    if case.n >= WANTED_ORIGINS and spans >= WANTED_SPANS:
        return Finding("H-ONESPLIT", "pass", f"{text}.", facts=facts)
    none = f"; under {FEWEST_ORIGINS} there is no test" if case.n < FEWEST_ORIGINS else ""
    remedy = "Use more origins (origins=None takes what fits), a shorter horizon, or a longer series."
    return Finding("H-ONESPLIT", "warn", f"{text}: hardly more than one split{none}.", remedy, facts)


def costs(case: Audited) -> Finding | None:
    """H-COST: the cost that no table shows.

    Half a per cent of skill for a thousand times the computing is a poor trade, and nobody sees it in a table
    of errors. Example: 0.4 % better than an AR that takes 40 ms, after two hours on a GPU.

    Rule: seconds of fitting and forecasting by model, seconds per point (1 %) of its average skill, and peak
    memory. It informs where a network takes over a hundred times as long as the AR and is nowhere reliably
    better.
    """
    seconds = {model: case.comparison.costs[model] for model in case.models}
    if not case.models:
        return None
    if not np.isfinite(list(seconds.values())).any():
        text = "What the models cost is not told by a frame of forecasts."
        return Finding("H-COST", "untested", text, "Quote seconds beside errors.")
    each = {m: case.comparison.seconds_per_point[m] for m in case.models}
    memory = {m: case.forecasts.footprints.get(m) for m in case.models}
    told = "; ".join(
        f"{m} {seconds[m]:.3g} s"
        + (f" ({each[m]:.2g} s a point of skill)" if np.isfinite(each[m]) else "")
        + f", peak memory {memory[m] or 'not measured'}"
        for m in case.models
    )
    peaks = {m: None if found is None else found.peak for m, found in memory.items()}
    facts = {"seconds": seconds, "seconds_per_point": each, "peak_memory": peaks}
    verdict = case.comparison.verdict
    ratio = None if verdict is None else verdict.cost_ratio
    if verdict is not None and ratio is not None and ratio > 100 and not verdict.network_better:
        text = f"{told}. {verdict.network} takes {ratio:.0f} times as long and is nowhere reliably better."
        return Finding("H-COST", "inform", text, f"Use {verdict.ar}.", facts)
    return Finding("H-COST", "pass", f"{told}.", facts=facts)


def revised_data(case: Audited) -> Finding | None:
    """H-REVISE: the history is not what it was at the fetch before.

    A result on last month's data was a result on other data. Splits and dividends rescale an adjusted
    history and leave its returns alone: they inform. What they do not explain is a correction: it warns.
    Example: a statistics office that revises two years of GDP, and a model "tested" on figures that nobody
    had at the time.

    Rule: market data are compared with the snapshot before. Other data are compared with the earlier report
    in the same folder (or `previous=`): the observations that it covered must have the same hash.
    """
    told = case.series.source.get("revision")
    if told:
        kinds = told["kinds"]
        level = "warn" if "correction" in kinds else "inform"
        remedy = "Run again what was concluded from the earlier data." if level == "warn" else ""
        return Finding("H-REVISE", level if kinds else "pass", revision_sentence(told), remedy, told)  # type: ignore[arg-type]
    before = case.probes.previous
    if before is None:
        return None
    covered = f"the {before['observations']} observations that the earlier report covered"
    if before["same"]:
        more = before["added"]
        text = f"Nothing changed in {covered}" + (f"; {more} came after." if more else ".")
        return Finding("H-REVISE", "pass", text, facts=before)
    text = f"The history changed: {covered} are not the same any more"
    text += f"; the first that differs is at {before['first']}." if before.get("first") else "."
    remedy = "Find out what was revised, and run again what was concluded from the earlier data."
    return Finding("H-REVISE", "warn", text, remedy, before)
