"""How often bands hold the truth at nominal 90 %, and how wide they are.

Run from the checkout: `python tests/benchmarks/bands_coverage.py [--replications N]`. Fixed seeds.

Errors of two models are sums of h independent shocks; the loss of the first is multiplied by
1 + contrast * (h - (H + 1) / 2) / H, so that it leads at first and the second later, from H / 2 + 1 on. A set
of the crossover covers where it holds that first h of the new leader. Width: of the simultaneous band of the
difference, as a share of the loss of the second model, averaged over h; size of the set in horizons.
"""

from __future__ import annotations

import argparse

import numpy as np

from forecastkit.comparison.bands import difference_band, error_band, skill_band
from forecastkit.comparison.crossover import find_crossover
from forecastkit.comparison.resampling import resample

CASES = ((60, 6, 0.6), (120, 12, 0.6), (240, 24, 0.6), (250, 12, 0.6), (120, 12, 1.8), (250, 12, 1.8))


def shock_sums(n: int, horizon: int, rng: np.random.Generator) -> np.ndarray:
    """Errors (n, horizon) of forecasts of a random walk."""
    path = np.concatenate([[0.0], rng.normal(size=n + horizon).cumsum()])
    return np.column_stack([path[h : n + h] - path[:n] for h in range(1, horizon + 1)])


def plain(drawn: object, truth: np.ndarray) -> bool:
    """Whether the textbook band holds: deviation over draws instead of the EWC standard error."""
    estimate = (drawn.losses["rnn"] - drawn.losses["ar"]).mean(axis=0)
    deviations = drawn.averages["rnn"] - drawn.averages["ar"] - estimate
    spread = deviations.std(axis=0)
    widest = np.quantile(np.abs(deviations / spread).max(axis=1), 0.9)
    return bool((np.abs(estimate - truth) <= widest * spread).all())


def main() -> None:
    """Print coverage and width by case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=500)
    replications = parser.parse_args().replications
    names = ("difference", "skill", "error", "pointwise", "crossover set", "plain")
    print(f"{replications} replications, nominal .900, 999 draws")
    print(
        f"{'N, H, contrast':<16}{'N/b':>6}"
        + "".join(f"{n:>15}" for n in names)
        + f"{'width':>8}{'set size':>10}"
    )
    for n, horizon, contrast in CASES:
        rng = np.random.default_rng([n, horizon, 2024])
        steps = np.arange(1, horizon + 1)
        scale = 1 + contrast * (steps - (horizon + 1) / 2) / horizon
        truth = steps * (scale - 1)
        held, blocks, width, size, used = np.zeros(len(names)), 0.0, 0.0, 0.0, 0
        for _ in range(replications):
            losses = {
                "rnn": scale * shock_sums(n, horizon, rng) ** 2,
                "ar": shock_sums(n, horizon, rng) ** 2,
            }
            drawn = resample(losses, 1, rng=rng)
            band, skill = difference_band(drawn, "rnn", "ar"), skill_band(drawn, "rnn", ("ar",))
            error = error_band(drawn, "rnn")
            if band is None or skill is None or error is None:
                continue
            found = find_crossover(drawn, "rnn", "ar", band, tuple(steps))
            held += [
                bool(((band.low <= truth) & (truth <= band.high)).all()),
                bool(((skill.low <= 1 - scale) & (1 - scale <= skill.high)).all()),
                bool(((error.low <= steps * scale) & (steps * scale <= error.high)).all()),
                float(np.mean((band.lower <= truth) & (truth <= band.upper))),
                horizon // 2 + 1 in found.confidence_set,
                plain(drawn, truth),
            ]
            used += 1
            blocks += n / drawn.block
            width += float(np.mean((band.high - band.low) / steps))
            size += len(found.confidence_set)
        shares = "".join(f"{share:>15.3f}" for share in held / used)
        print(
            f"{f'{n}, {horizon}, {contrast}':<16}{blocks / used:>6.1f}{shares}{width / used:>8.2f}"
            f"{size / used:>10.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
