"""Is the default policy of `ar` for levels, differences and drift safe? RMSE over that of naive, h = 1..48.

Run from the checkout: `python tests/benchmarks/ar_policy.py`. 30 random walks and 20 series of each AR(3), of
1,500 points, 250 origins, fixed seeds; the default beside levels always, differences always and ar-weighted,
and the best there is: sqrt(sum over j < h of psi_j^2 / (2 gamma_0 - 2 gamma_h)), averaged over h.

A ratio to naive is bounded by the process: where the best is .80 no policy reaches .77. What a policy itself
costs is its ratio over that of levels always, which is right for a stationary series.
"""

from __future__ import annotations

import numpy as np

import forecastkit as fk
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.weighted import WeightedAutoregression
from forecastkit.series.recursions import psi_weights

PLAN = fk.BacktestPlan(horizon=48, origins=250)
AR3 = ((0.5, 0.3, -0.1), (0.5, 0.2, 0.1), (0.6, 0.2, 0.1), (0.9, -0.2, 0.2))
POLICIES = {
    "default": Autoregression(),
    "levels": Autoregression(difference=False),
    "differences": Autoregression(difference=True),
    "ar-weighted": WeightedAutoregression(),
}


def autoregression(phi: tuple[float, ...], seed: int, n: int = 1500, burn_in: int = 500) -> np.ndarray:
    """Simulate an AR(3)."""
    values = np.random.default_rng(1000 + seed).normal(size=n + burn_in)
    for t in range(3, len(values)):
        values[t] += sum(a * values[t - i] for i, a in enumerate(phi, 1))
    return values[burn_in:]


def best(phi: tuple[float, ...]) -> float:
    """Mean over h = 1..48 of the RMSE of the true-parameter forecast over that of naive, in expectation."""
    psi = psi_weights(np.array(phi), 5000)
    gamma = np.array([psi[: 5000 - h] @ psi[h:] for h in range(49)])
    return float(np.mean(np.sqrt(np.cumsum(psi[:48] ** 2) / (2 * (gamma[0] - gamma[1:])))))


def ratios(values: np.ndarray) -> dict[str, np.ndarray]:
    """RMSE of each policy over that of naive, shape (48,)."""
    result = fk.backtest(values, POLICIES, plan=PLAN)
    rmse = {name: np.sqrt(np.mean((result.actual - result.of(name)) ** 2, axis=0)) for name in result.models}
    return {name: rmse[name] / rmse["naive"] for name in POLICIES}


def main() -> None:
    """Print both tables."""
    walks = [ratios(np.random.default_rng(seed).normal(size=1500).cumsum()) for seed in range(30)]
    print(f"{'random walks':<14}{'mean ratio':>11}{'above 1.02 at any h':>22}{'worst':>8}")
    for name in POLICIES:
        worst = np.array([run[name].max() for run in walks])
        mean = np.mean([run[name] for run in walks])
        print(f"{name:<14}{mean:>11.4f}{int(np.sum(worst > 1.02)):>16} of 30{worst.max():>8.3f}")
    print(f"{'AR(3)':<14}" + "".join(f"{phi!s:>20}" for phi in AR3))
    runs = {phi: [ratios(autoregression(phi, seed)) for seed in range(20)] for phi in AR3}
    for name in POLICIES:
        print(f"{name:<14}" + "".join(f"{np.mean([run[name] for run in runs[phi]]):>20.4f}" for phi in AR3))
    print(f"{'the best':<14}" + "".join(f"{best(phi):>20.4f}" for phi in AR3))


if __name__ == "__main__":
    main()
