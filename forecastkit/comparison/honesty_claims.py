"""Checks of what is claimed: would the conclusion stand on other origins, other seeds, at other horizons?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.special import bdtrc

from forecastkit.arrays import Vector
from forecastkit.comparison.adjustment import holm
from forecastkit.comparison.audited import Audited
from forecastkit.comparison.finding import Finding, percent, spans
from forecastkit.comparison.skill import ALPHA, numbers

NOTHING_LEFT = 0.05
EPISODE, LITTLE_GAIN = 0.05, 0.02
WEAK = 10
CHANCE = 0.01 + 1e-9
FEW_MODELS = 3


def fading(case: Audited) -> Finding | None:
    """H-FADE: "it catches up at long horizons".

    Far ahead every good forecast is the mean, and all models are equal there because nothing is left to
    predict. A curve of the ratio of two errors goes to 1 and looks like a network that overtakes. Example: on
    an AR(2), an LSTM 31 % worse at h = 1 and 1 % worse at h = 12.

    Rule: it informs of the h at which the upper 90 % bounds of the skill of the AR and the network are both
    below .05: nothing to predict there. Crossovers are told only where one of the two has skill.
    """
    asked = [m for m in (case.ar, case.network) if m in case.comparison.bands.skill]
    if not asked:
        return None
    upper = np.max([case.comparison.bands.skill[str(model)].upper for model in asked], axis=0)
    faded = [h for h, bound in enumerate(upper, start=1) if bound < NOTHING_LEFT]
    facts = {"horizons": faded}
    names = " and ".join(map(str, asked))
    if not faded:
        text = f"At every h the skill of {names} may be {percent(NOTHING_LEFT)} or more."
        return Finding("H-FADE", "pass", text, facts=facts)
    text = (
        f"Nothing to predict at {spans(faded)}: there the skill of {names} is below {percent(NOTHING_LEFT)}."
    )
    remedy = "Do not read equal errors there as one model catching up."
    return Finding("H-FADE", "inform", text, remedy, facts)


def falling_error(case: Audited) -> Finding | None:
    """H-NOISE: the error falls with h.

    What lies further ahead is harder to forecast. Where errors fall, the targets are shifted, later horizons
    were scored on calmer cells, or the sample is too small for the curve. Example: a frame whose h counts
    down.

    Rule: it warns where the 90 % bootstrap interval of the slope of a model's loss over h lies below zero,
    and informs where that of the best reference falls too (the data are calmer there).
    """
    drawn = case.comparison.drawn
    if case.horizon < 2 or not case.models:
        return None
    if not drawn.draws:
        text = "Whether errors grow with h needs five blocks of origins that do not overlap."
        return Finding("H-NOISE", "untested", text, "Use more origins, or a shorter horizon.")
    h = np.arange(case.horizon) - (case.horizon - 1) / 2
    weights = h / float(h @ h)
    upper = {}
    for model in (*case.models, *case.comparison.references):
        mean = max(float(drawn.losses[model].mean()), 1e-300)
        upper[model] = float(np.quantile(drawn.averages[model] @ weights, 0.95)) / mean
    falls = [model for model in case.models if upper[model] < -1e-9]
    facts = {"upper_slope": upper}
    if not falls:
        low = min(upper[model] for model in case.models)
        text = f"No model's error falls with h (lowest upper bound of the slope: {percent(low)} a step)."
        return Finding("H-NOISE", "pass", text, facts=facts)
    calmer = any(upper[name] < -1e-9 for name in case.comparison.references)
    text = f"The error of {' and '.join(falls)} falls with h"
    text += ", and so does that of a reference: later targets are calmer." if calmer else "."
    remedy = "See that h counts from the origin, and that every h is scored on the same origins."
    return Finding("H-NOISE", "inform" if calmer else "warn", text, remedy, facts)


def episodes(case: Audited) -> Finding | None:
    """H-REGIME: the gain comes from one episode.

    One crash, one strike, one flood: a model that happened to be low in that month has the smaller average
    error, and would have lost in every other year. Example: a gain of 12 % over 20 years, all of it in March
    2020.

    Rule: the advantage over the best reference, and the lead between network and AR, by origin, averaged
    over the claimed h (over all h where nothing is claimed, and it is 2 % or more), each h in units of the
    other's loss. It warns where neighbouring origins that are 5 % of all give more than half of it, or where
    the sign of a claimed one in one third of the origins is the reverse of that in another. The share of the
    5 % best origins wherever they lie stands in the facts; with small true gains luck alone makes it large.
    `result.pair(a, b).fluctuation(h)` tests whether the ranking changed over time (Giacomini & Rossi).
    """
    if not case.models or not case.n:
        return None
    facts: dict[str, dict[str, Any]] = {}
    told = []
    for name, advantage, claimed in _gains(case):
        share, scattered, thirds = _concentration(advantage)
        facts[name] = {"episode": share, "best_origins": scattered, "thirds": thirds, "claimed": claimed}
        if share > 0.5:
            told.append(f"{percent(share)} of the gain of {name} comes from one episode")
        elif claimed and min(thirds) < 0 < max(thirds):
            told.append(f"the gain of {name} changes its sign between thirds of the origins")
    if not facts:
        return Finding("H-REGIME", "pass", "There is no gain that an episode could have made.")
    if not told:
        most = max(fact["episode"] for fact in facts.values())
        text = (
            f"No gain rests on one episode: 5 % of neighbouring origins give at most {percent(most)} of it."
        )
        return Finding("H-REGIME", "pass", text, facts=facts)
    remedy = "Show the difference over time, and say in which period it was made; test a longer span."
    text = "; ".join(told) + "."
    return Finding("H-REGIME", "warn", text[0].upper() + text[1:], remedy, facts)


def _gains(case: Audited) -> Iterator[tuple[str, Vector, bool]]:
    """Name, advantage by origin, and whether it is claimed, of all that a reader may take for a gain."""
    verdict, losses = case.comparison.verdict, case.comparison.drawn.losses
    best = case.comparison.best_reference
    pairs: list[tuple[str, str | None, tuple[int, ...]]]
    pairs = [(model, None, case.comparison.claimed[model]) for model in case.models]
    if verdict is not None and verdict.ar and verdict.network:
        pairs.append((verdict.network, verdict.ar, verdict.network_better))
        pairs.append((verdict.ar, verdict.network, verdict.ar_better))
    for model, other, claimed in pairs:
        columns = np.array(claimed or range(1, case.horizon + 1)) - 1
        against = np.column_stack([losses[other or best[i]][:, i] for i in columns])
        size = np.maximum(against.mean(axis=0), 1e-300)
        advantage = ((against - losses[model][:, columns]) / size).mean(axis=1)
        if claimed or advantage.mean() > LITTLE_GAIN:
            yield f"{model} over {other or 'references'}", advantage, bool(claimed)


def _concentration(advantage: Vector) -> tuple[float, float, list[float]]:
    """Share of the total in the best 5 % of neighbouring origins, and of any; means by third."""
    n, total = len(advantage), float(advantage.sum())
    width = max(1, round(EPISODE * n))
    sums = np.convolve(advantage, np.ones(width), "valid")
    top = np.sort(advantage)[-width:].sum()
    thirds = [float(part.mean()) for part in np.array_split(advantage, 3)]
    whole = total if total > 0 else np.nan
    return float(sums.max() / whole), float(top / whole), thirds


def one_seed(case: Audited) -> Finding | None:
    """H-ONESEED: the luck of one seed.

    A network trained twice gives two results. With one seed, half of the networks that beat an AR by little
    would lose to it with the next. Example: seed 42 beats the AR by 3 %, seeds 1 to 9 lose by 2 %.

    Rule: several seeds are fitted by default. It warns where a difference between AR and network is claimed
    although the standard deviation of a single seed's loss is above half of it, or where one seed was fitted;
    the verdict never claims a difference that is smaller than the spread of the seeds.
    """
    network = case.network
    if network is None:
        return None
    noise = case.comparison.seed_noise.get(network)
    if noise is None:
        if not case.made_here:
            text = f"How many seeds are behind {network} is not told by a frame of forecasts."
            return Finding("H-ONESEED", "untested", text, "Compare the forecasts of several seeds.")
        text = f"{network} was fitted with one seed: its luck is unknown."
        return Finding("H-ONESEED", "warn", text, "Fit several (seeds=5, --seeds 5).", {"seeds": 1})
    if case.ar is None:
        text = f"{network} is the average of {noise.seeds} seeds."
        return Finding("H-ONESEED", "pass", text, facts={"seeds": noise.seeds})
    losses = case.comparison.drawn.losses
    gap = np.abs(losses[network].mean(axis=0) - losses[case.ar].mean(axis=0))
    loud = [int(h) + 1 for h in np.flatnonzero(noise.between > gap / 2)]
    verdict = case.comparison.verdict
    claimed = () if verdict is None else (*verdict.network_better, *verdict.ar_better)
    shaky = [h for h in loud if h in claimed]
    facts = {"seeds": noise.seeds, "louder_than_half_the_gap": loud, "claimed_there": shaky}
    text = f"{noise.seeds} seeds of {network}; their deviation is above half the gap to {case.ar}"
    if shaky:
        text += f" at {spans(shaky)}, where a difference is claimed."
        return Finding("H-ONESEED", "warn", text, "Fit more seeds before claiming it (--seeds 20).", facts)
    if loud:
        text += f" at {spans(loud)}, where none is claimed."
        return Finding("H-ONESEED", "inform", text, "", facts)
    return Finding("H-ONESEED", "pass", text.replace("is above", "is nowhere above") + ".", facts=facts)


def overlapping(case: Audited) -> Finding | None:
    """H-OVERLAP: overlapping errors taken for independent ones.

    Forecasts 24 steps ahead from neighbouring origins share 23 of 24 targets: 250 of them hold the
    information of ten. A t-test that counts 250 rejects in two cases out of three where nothing is there.
    Example: "p < .001 at h = 24" from 60 origins.

    Rule: every test here allows for the overlap. Told are the origins over the overlap, N / ceil(h / step):
    at fewer than 10 a result is weak evidence (it informs where something is claimed there), at fewer than 2
    no test is made.
    """
    if case.n < 1:
        return None
    independent = case.n / case.comparison.drawn.overlaps
    weak = [h for h, count in enumerate(independent, start=1) if count < WEAK]
    facts = {"independent_spans": independent, "weak": weak}
    low = f"{independent.min():.1f} spans that do not overlap at h = {int(independent.argmin()) + 1}"
    claimed = sorted({h for model in case.models for h in case.comparison.claimed[model] if h in weak})
    if claimed:
        text = f"Weak evidence at {spans(claimed)}: fewer than {WEAK} spans that do not overlap ({low})."
        return Finding("H-OVERLAP", "inform", text, "Use more origins, or claim the nearer h only.", facts)
    text = f"Tests allow for overlap; {low}"
    text += f", and nothing is claimed at the weak {spans(weak)}." if weak else "."
    return Finding("H-OVERLAP", "pass", text, facts=facts)


def many_models(case: Audited) -> Finding | None:
    """H-MULTI: the best of many.

    Twenty models at 24 horizons are 480 tests: 24 of them are significant at 5 % without any skill. Example:
    a table with one bold number per row, and a paper about the model with most of them.

    Rule: over h every claim is adjusted (a fixed sequence, or Holm). Over models it is not: it warns where
    three models or more were tried and a claim does not survive Holm's adjustment over them, model by model
    at its best-supported h, and says which. The model confidence set (`result.confidence_set(h)`) and the
    test against the best of many (`result.against(...)`) answer for all models together.
    """
    if not case.models:
        return None
    tests = len(case.models) * case.horizon
    smallest = []
    for model in case.models:
        p = holm(numbers(case.comparison.skill_tests[model]))
        first = numbers(case.comparison.skill_tests[model])[:1]
        smallest.append(float(np.nanmin([*p, *first, 1.0])))
    adjusted = holm(np.array(smallest))
    claimed = [model for model in case.models if case.comparison.claimed[model]]
    lost = [m for m, p in zip(case.models, adjusted, strict=True) if m in claimed and p > ALPHA]
    facts = {
        "tests": tests,
        "models": len(case.models),
        "adjusted_p": dict(zip(case.models, adjusted, strict=True)),
    }
    models = "1 model" if len(case.models) == 1 else f"{len(case.models)} models"
    text = f"{models} at {case.horizon} horizons; claims are adjusted over h"
    if len(case.models) >= FEW_MODELS and lost:
        text += f". Adjusted over models too, nothing is left of that of {' and '.join(lost)}."
        remedy = "Say how many models were tried; see result.confidence_set(h) and result.against(model, h)."
        return Finding("H-MULTI", "warn", text, remedy, facts)
    return Finding(
        "H-MULTI",
        "pass",
        text + ", and stand after adjustment over models." if claimed else text + ".",
        facts=facts,
    )


def noise_claims(case: Audited) -> Finding | None:
    """H-PLACEBO: skill in noise.

    A pipeline with a hidden leak, or a test with the wrong size, finds skill in anything. The cure is to hand
    it noise that looks like the data. Example: a "profitable" network that is as profitable on shuffled
    returns.

    Rule: with `--placebo N` the whole comparison is repeated N times on the permuted differences of the
    series and on random walks of the same volatility, by turns, where nothing beats the last value. A model
    wins where its claim stands at 1 % (Holm over h). It fails where there are more wins than chance allows: a
    probability of 1 % or less, with 1 % for each model and run.
    """
    placebo = case.probes.placebo
    if placebo is None:
        text = "How often this pipeline finds skill in noise was not asked."
        return Finding("H-PLACEBO", "untested", text, "Repeat with placebo=20 (--placebo 20).")
    trials = placebo.runs * max(len(placebo.models), 1)
    chance = float(bdtrc(placebo.wins - 1, trials, 0.01)) if placebo.wins else 1.0
    facts = {
        "runs": placebo.runs,
        "claims": placebo.claims,
        "wins": placebo.wins,
        "models": placebo.models,
        "chance": chance,
    }
    text = (
        f"On {placebo.runs} series of noise this comparison claimed skill in {placebo.claims} (up to 10 % is "
        f"chance); {placebo.wins} of {trials} claims at 1 %."
    )
    if chance <= CHANCE:
        remedy = (
            "Do not believe the result on the data either: look for a leak (prove_no_leak) or a wrong test."
        )
        return Finding("H-PLACEBO", "fail", text, remedy, facts)
    return Finding("H-PLACEBO", "pass", text, facts=facts)
