"""What a verdict rests on: where, how large the effect is, what could have been seen, what holds it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

from forecastkit.arrays import Matrix, Vector
from forecastkit.comparison.bands import LEVEL, standard_errors
from forecastkit.comparison.power import detectable_skill
from forecastkit.comparison.resampling import Resample
from forecastkit.comparison.seed_noise import SeedNoise
from forecastkit.comparison.significance import AccuracyTest
from forecastkit.comparison.skill import ALPHA, SkillTest
from forecastkit.comparison.verdict import WANTED, Cap, Verdict, decide


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """All that a verdict is drawn from.

    Args:
        ar, network: the two models in question, None where the run had none.
        references: names.
        drawn: losses and resampled averages.
        tests: by model, against the references.
        claimed: by model, the h at which skill is claimed.
        duel, adjusted: network against AR by h, and p-values after Holm's adjustment; empty without one.
        noise: by network, the luck of its seeds.
        costs: seconds by model, NaN where unknown.
        bounded: whether training windows have a fixed length, or fits are made once.
    """

    ar: str | None
    network: str | None
    references: tuple[str, ...]
    drawn: Resample
    tests: Mapping[str, tuple[SkillTest, ...]]
    claimed: Mapping[str, tuple[int, ...]]
    duel: tuple[AccuracyTest, ...]
    adjusted: Vector
    noise: Mapping[str, SeedNoise]
    costs: Mapping[str, float]
    bounded: bool

    @property
    def asked(self) -> tuple[str, ...]:
        """The AR and the network, as far as they ran."""
        return tuple(name for name in (self.ar, self.network) if name)


def judge(evidence: Evidence) -> Verdict | None:
    """Read the decision table and add what the outcome rests on; None with neither an AR nor a network."""
    if not evidence.asked:
        return None
    better = _better(evidence)
    verdict = decide(
        evidence.ar,
        evidence.network,
        evidence.claimed,
        enough=all(evidence.tests[name][0].p_value is not None for name in evidence.asked),
        network_better=better["network"],
        ar_better=better["ar"],
        within_seed_noise=better["noise"],
    )
    verdict = _subject(verdict, evidence)
    verdict = _effects(verdict, evidence)
    verdict = replace(verdict, detectable=_detectable(verdict, evidence))
    return replace(verdict, cost_ratio=_cost_ratio(evidence), capped_by=_caps(verdict, evidence))


def average_skill(
    drawn: Resample, model: str, references: tuple[str, ...], horizons: tuple[int, ...]
) -> tuple[float, tuple[float, float] | None] | None:
    """Average over some h of 1 - loss / loss of the best reference, with its 90 % interval (EWC, t).

    Args:
        drawn: of `resample`.
        model, references: names.
        horizons: h, at least one.

    Returns:
        the average and its interval, None for the interval with fewer than 10 origins, or for both where a
        reference makes no error.
    """
    columns = np.array(horizons) - 1
    averages = np.array([drawn.losses[name].mean(axis=0) for name in references])[:, columns]
    best, floor = averages.argmin(axis=0), averages.min(axis=0)
    if not (np.isfinite(floor).all() and (floor > 0).all()):
        return None
    losses = drawn.losses[model][:, columns]
    chosen = np.stack([drawn.losses[references[b]][:, c] for b, c in zip(best, columns, strict=True)], axis=1)
    ratio = losses.mean(axis=0) / floor
    value = float(np.mean(1 - ratio))
    influence: Matrix = np.mean((losses - ratio * chosen) / floor, axis=1)[:, None]
    if drawn.n < 2 * int(drawn.overlaps[columns].max()) or drawn.n < 10 or not np.isfinite(influence).all():
        return value, None
    error, degrees = standard_errors(influence, drawn.overlaps[columns].max(keepdims=True))
    half = float(error[0] * stdtrit(degrees[0], (1 + LEVEL) / 2))
    return value, (value - half, min(value + half, 1.0))


def _better(evidence: Evidence) -> dict[str, tuple[int, ...]]:
    """Where one of the two is reliably better and has skill, and where that is within seed noise."""
    better: dict[str, list[int]] = {"network": [], "ar": [], "noise": []}
    ar, network = evidence.ar, evidence.network
    if ar and network and evidence.drawn.n:
        losses = evidence.drawn.losses
        difference = (losses[network] - losses[ar]).mean(axis=0)
        noise = evidence.noise.get(network)
        for i in np.flatnonzero(evidence.adjusted <= ALPHA):
            leader = "network" if difference[i] < 0 else "ar"
            if i + 1 not in evidence.claimed[network if leader == "network" else ar]:
                continue
            if noise is not None and abs(difference[i]) < noise.worst[i] - noise.best[i]:
                leader = "noise"
            better[leader].append(int(i) + 1)
    return {name: tuple(horizons) for name, horizons in better.items()}


def _subject(verdict: Verdict, evidence: Evidence) -> Verdict:
    """Choose the model that the outcome speaks of, and at which h."""
    ar, network, claimed = verdict.ar, verdict.network, evidence.claimed
    model = network if verdict.outcome in ("rnn_worth_it", "depends_on_horizon") or ar is None else ar
    if verdict.outcome in ("rnn_worth_it", "depends_on_horizon"):
        horizons = verdict.network_better
    elif verdict.outcome == "not_enough_data":
        horizons = ()
    elif verdict.outcome == "neither_beats_naive":
        tests = evidence.tests[str(model)]
        horizons = tuple(h for h, test in enumerate(tests, start=1) if test.p_value is not None)
    elif verdict.outcome == "tie":
        horizons = tuple(sorted({h for name in evidence.asked for h in claimed[name]}))
    else:
        horizons = claimed[str(model)]
    return replace(verdict, model=model, horizons=horizons)


def _effects(verdict: Verdict, evidence: Evidence) -> Verdict:
    """Add the skill of the model in question, and its lead over the other, over the horizons in question."""
    model, horizons = verdict.model, verdict.horizons
    if model is None or not horizons:
        return verdict
    other = verdict.ar if model == verdict.network else verdict.network
    skill = average_skill(evidence.drawn, model, evidence.references, horizons)
    lead = average_skill(evidence.drawn, model, (other,), horizons) if other else None
    value, interval = skill or (None, None)
    lead_value, lead_interval = lead or (None, None)
    return replace(
        verdict, skill=value, skill_interval=interval, lead=lead_value, lead_interval=lead_interval
    )


def _detectable(verdict: Verdict, evidence: Evidence) -> tuple[float, float] | None:
    """Smallest and largest detectable effect over the horizons in question."""
    if verdict.outcome == "tie" and evidence.duel:
        floor = evidence.drawn.losses[str(verdict.ar)].mean(axis=0)
        known = [
            detectable_skill(evidence.duel[h - 1], float(floor[h - 1]), ALPHA / 2) for h in verdict.horizons
        ]
    else:
        tests = evidence.tests[str(verdict.model)]
        found = [tests[h - 1].detectable for h in verdict.horizons]
        known = [np.nan if value is None else value for value in found]
    known = [value for value in known if np.isfinite(value)]
    return (min(known), max(known)) if known else None


def _cost_ratio(evidence: Evidence) -> float | None:
    if not (evidence.ar and evidence.network):
        return None
    seconds, other = evidence.costs[evidence.network], evidence.costs[evidence.ar]
    return seconds / other if np.isfinite([seconds, other]).all() and other > 0 else None


def _caps(verdict: Verdict, evidence: Evidence) -> tuple[Cap, ...]:
    """Name what holds the verdict back, in the order of `CAPS`."""
    found: list[Cap] = []
    if verdict.within_seed_noise:
        found.append("seed_noise")
    if (
        evidence.network
        and evidence.network not in evidence.noise
        and not np.isnan(evidence.costs[evidence.network])
    ):
        found.append("one_seed")
    if any(test.p_value is None for name in evidence.asked for test in evidence.tests[name]):
        found.append("data")
    nothing = verdict.outcome in ("neither_beats_naive", "tie")
    if nothing and verdict.detectable is not None and verdict.detectable[0] > WANTED:
        found.append("power")
    if verdict.outcome != "not_enough_data" and not evidence.bounded:
        found.append("approximate")
    return tuple(found)
