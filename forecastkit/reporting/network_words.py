"""What the fits of a network show, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.reporting.canvas import shortened
from forecastkit.reporting.network_facts import NetworkFits, told
from forecastkit.reporting.words import counted, percent, spans

NOTHING, WHOLE = 0.005, 0.995
"""Weights of the guard that are written as 0 and 100 %."""
APART = 0.1
"""Weights of two seeds that lie farther apart are said to be averaged."""
RUNS = 4
"""Runs of neighbouring h that a sentence lists; more of them are counted."""
LETTERS = 160
"""Letters of a reason that are quoted."""


def network_words(found: NetworkFits) -> list[str]:
    """Say what matters, one sentence each: training, guard, memory, luck of the seed."""
    parts = (_seeds_told, _epochs, _trust, _memory, _unknown, _luck)
    return [line for part in parts for line in part(found)]


def _seeds_told(found: NetworkFits) -> Iterable[str]:
    if found.failed:
        yield f"{found.failed} of {counted(found.seeds, 'seeds')} failed at some origin."
    if len(found.fits) < found.seeds:
        yield f"Only {len(found.fits)} of {found.seeds} seeds tell of a fit: what follows is theirs."


def _epochs(found: NetworkFits) -> Iterable[str]:
    """Epochs run and kept in the first fits; later ones may be short refits."""
    ran, kept = told(found.first, "epochs"), told(found.first, "best_epoch")
    if not ran:
        return
    epochs = "epoch" if ran == "1" else "epochs"
    trained = f"{'First trained' if found.refitted else 'Trained'} for {ran} {epochs}"
    if not kept:
        yield f"{trained}; the fits tell of no epoch that was chosen."
        return
    pairs = [(fact.get("best_epoch"), fact.get("epochs")) for fact in found.first]
    idle = sum(best == 0 for best, _ in pairs)
    late = sum(best == last for best, last in pairs if best)
    if idle == len(pairs):
        yield f"{trained}, none of which improved on the start: the start was kept."
        return
    text = f"{trained}; the best on the stopping block was epoch {kept}"
    further = []
    if idle:
        further.append(f"with {counted(idle, 'seeds')} no epoch improved on the start")
    if late:
        who = "" if late == len(pairs) else f"with {counted(late, 'seeds')} "
        further.append(f"{who}it was the last one: more might have helped")
    yield "; ".join([text, *further]) + "."


def _trust(found: NetworkFits) -> Iterable[str]:
    """What the guard of the last fits leaves of the corrections, on average over the seeds."""
    guard = found.guard
    if guard is None:
        return
    weights = guard.mean(axis=0)
    average = f" (average of {len(guard)} seeds)" if np.ptp(guard, axis=0).max() > APART else ""
    base = told(found.last, "base")
    forecasts = f"forecasts are those of the base ({base})" if base else "forecasts are those of the base"
    takes = f"{'At the last fit the' if found.refitted else 'The'} guard takes"
    if len(weights) < found.horizon:
        share = _shares(weights) if weights.max() >= NOTHING else "nothing"
        yield f"{takes} {share} of its correction at each step it is fed back{average}."
        return
    none = [h for h, weight in enumerate(weights, start=1) if weight < NOTHING]
    some = [h for h in range(1, found.horizon + 1) if h not in none]
    if not some:
        every = _everywhere(none, found.horizon)
        yield f"{takes} nothing of its correction {every}: {forecasts}."
        return
    text = f"{takes} {_shares(weights[np.array(some) - 1])} of its correction"
    if not none:
        yield f"{text} {_everywhere(some, found.horizon)}{average}."
    elif none[0] > some[-1]:
        upto = "at h = 1" if some[-1] == 1 else f"up to h = {some[-1]}"
        where = f"from h = {none[0]} on" if len(none) > 1 else f"at h = {none[0]}"
        yield f"{text} {upto}{average}. {where[0].upper()}{where[1:]} it takes nothing: {forecasts}."
    else:
        where = _everywhere(none, 0)
        yield f"{text} {_everywhere(some, 0)}{average}, and nothing {where}: {forecasts} there."


def _memory(found: NetworkFits) -> Iterable[str]:
    """M90 at the first and the last step, beside that of the AR."""
    memory, beside = found.memory, found.ar_memory
    if memory is None:
        return
    parts = []
    for h in dict.fromkeys((1, found.horizon)):
        text = f"at h = {h} on {_last_values(memory.values[:, h - 1])}"
        if beside is not None:
            text += f" ({found.ar}: {_count(beside.values[:, h - 1])})"
        parts.append(text)
    when = "At the last fit " if found.refitted else ""
    yield f"{when}90 % of its forecast rests {', '.join(parts)}."


def _unknown(found: NetworkFits) -> Iterable[str]:
    """Why it is not known how far back the network looks, or the AR."""
    reasons = found.memory_unknown
    if reasons:
        whom = "" if len(reasons) == len(found.fits) else f" for {len(reasons)} of {len(found.fits)} seeds"
        yield f"How far back its forecasts look is not known{whom}: {_reasons(reasons)}."
    if found.ar_unknown:
        yield f"How far back those of {found.ar} look is not known: {_reasons(found.ar_unknown)}."


def _luck(found: NetworkFits) -> Iterable[str]:
    """Gap to the AR, with the spread of single seeds beside it."""
    gap, seeds = found.against_ar, found.seeds_against_ar
    if gap is not None:
        text = f"At h = 1 its loss is {_gap(float(gap[0]))} that of {found.ar}"
        if seeds is not None:
            text += f"; single seeds lie {_apart(float(seeds[1, 0] - seeds[0, 0]))} of that loss apart"
        yield f"{text}."
    if found.seeds == 1:
        yield "One seed was fitted: how much of this is luck of the seed is not known."
    if seeds is not None:
        yield _seed_by_seed(found, seeds)


def _seed_by_seed(found: NetworkFits, seeds: Matrix) -> str:
    """Where every single seed is on one side of the AR."""
    steps = np.arange(1, found.horizon + 1)
    below, above = steps[seeds[1] < 0].tolist(), steps[seeds[0] > 0].tolist()
    split = sorted({*steps.tolist()} - {*below, *above})
    scattered = max(map(_runs, (below, above, split))) > RUNS

    def where(some: Sequence[int]) -> str:
        return _steps(some) if scattered else _everywhere(some, found.horizon)

    if not below and not above:
        return f"Whether its loss is smaller than that of {found.ar} depends on the seed {where(split)}."
    if below:
        text = f"Every single seed has a smaller loss than {found.ar} {where(below)}"
        text += f" and a larger one {where(above)}" if above else ""
    else:
        text = f"Every single seed has a larger loss than {found.ar} {where(above)}"
    return f"{text}; {where(split)} it depends on the seed." if split else f"{text}."


def _gap(share: float) -> str:
    """Write a difference as a share of a loss.

    Example:
        >>> _gap(-0.25), _gap(0.001)
        ('25 % smaller than', 'within 1 % of')
    """
    if abs(share) < NOTHING:
        return "within 1 % of"
    return f"{percent(abs(share))} {'larger' if share > 0 else 'smaller'} than"


def _apart(share: float) -> str:
    return "less than 1 %" if share < NOTHING else f"up to {percent(share)}"


def _reasons(reasons: Iterable[str]) -> str:
    """Quote the first line of every different reason."""
    lines = (shortened(" ".join(reason.splitlines()[:1]), LETTERS) for reason in reasons)
    return "; or ".join(line.rstrip(".: ") for line in dict.fromkeys(lines))


def _count(counts: Vector) -> str:
    low, high = int(counts.min()), int(counts.max())
    return str(low) if low == high else f"{low} to {high}"


def _last_values(counts: Vector) -> str:
    """Write how many of the newest values count, over seeds.

    Example:
        >>> _last_values(np.array([7.0, 8.0])), _last_values(np.array([1.0]))
        ('the last 7 to 8 values', 'the last value')
    """
    if counts.max() == 0:
        return "no past value"
    if counts.max() == 1:
        return "the last value" if counts.min() == 1 else "at most the last value"
    return f"the last {_count(counts)} values"


def _shares(weights: Vector) -> str:
    """Write a range of shares, "all" where that is what all of them are."""
    low, high = float(weights.min()), float(weights.max())
    if low >= WHOLE:
        return "all"
    ends = [f"{100 * share:.0f}" for share in (low, high)]
    return f"{ends[0]} %" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]} %"


def _everywhere(steps: Sequence[int], horizon: int) -> str:
    """Name some of 1..horizon, or count them where they are scattered."""
    if len(steps) == horizon > 1:
        return "at every h"
    return f"at {spans(steps)}" if _runs(steps) <= RUNS else _steps(steps)


def _steps(steps: Sequence[int]) -> str:
    return f"at {counted(len(steps), 'steps')}"


def _runs(steps: Sequence[int]) -> int:
    """Count runs of neighbours."""
    return sum(h - 1 not in steps for h in steps)
