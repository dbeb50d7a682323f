"""Hypothesis strategies: inputs that more than one property needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from forecastkit.backtesting.plan import FEWEST_TRAINING, BacktestPlan


def vectors(
    min_size: int = 1, max_size: int = 40, low: float = -1e6, high: float = 1e6
) -> st.SearchStrategy[np.ndarray]:
    """Finite float64 vectors."""
    numbers = st.floats(low, high, allow_nan=False, allow_subnormal=False)
    return st.lists(numbers, min_size=min_size, max_size=max_size).map(
        lambda x: np.array(x, dtype=np.float64)
    )


def positive_vectors(min_size: int = 1, max_size: int = 40) -> st.SearchStrategy[np.ndarray]:
    """Vectors of prices: every value well above zero."""
    return vectors(min_size, max_size, low=1e-3, high=1e6)


def plans() -> st.SearchStrategy[BacktestPlan]:
    """Plans of every kind, whether or not they fit into a series."""
    return st.builds(
        BacktestPlan,
        horizon=st.integers(1, 30),
        origins=st.none() | st.integers(1, 60),
        step=st.integers(1, 9),
        gap=st.integers(0, 12),
        train_window=st.none() | st.integers(FEWEST_TRAINING, 80),
    )


@st.composite
def autoregressions(draw: Any, min_size: int = 40, max_size: int = 120) -> np.ndarray:
    """Noisy series y_t = a y_(t-1) + b y_(t-2) + e_t, drawn from seeded noise."""
    n = draw(st.integers(min_size, max_size))
    a, b = draw(st.floats(-0.9, 0.9)), draw(st.floats(-0.6, 0.0))
    noise = np.random.default_rng(draw(st.integers(0, 10_000))).normal(size=n)
    values = noise.copy()
    for t in range(2, n):
        values[t] += a * values[t - 1] + b * values[t - 2]
    return values


def p_values(max_size: int = 12) -> st.SearchStrategy[np.ndarray]:
    """p-values, some of them NaN for "no test"."""
    one = st.floats(0.0, 1.0) | st.just(float("nan"))
    return st.lists(one, min_size=1, max_size=max_size).map(lambda x: np.array(x, dtype=np.float64))
