"""psi weights: equal to the references, and to what a shock does to the recursion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.series.recursions import linear_filter, psi_weights


@pytest.mark.parametrize("name", ["ar1", "ar2_cyclic", "arma11", "seasonal_ar_1_1_12", "ma2"])
def test_weights_equal_the_reference(name, reference):
    known = reference("oracles")["linear"][name]
    psi = psi_weights(np.array(known["ar"]), 24, np.array(known["ma"]))
    assert psi == pytest.approx(known["psi"][:24], rel=1e-12, abs=1e-15)


coefficients = st.lists(st.floats(-0.9, 0.9), max_size=4)


@given(coefficients, coefficients, st.integers(1, 12))
def test_weights_are_the_answer_to_one_shock(phi, theta, horizon):
    shocks = np.zeros(horizon)
    shocks[0] = 1.0
    answer = np.zeros(horizon)
    for t in range(horizon):
        answer[t] = (
            shocks[t]
            + sum(a * answer[t - i] for i, a in enumerate(phi, 1) if i <= t)
            + sum(b * shocks[t - j] for j, b in enumerate(theta, 1) if j <= t)
        )
    assert psi_weights(np.array(phi), horizon, np.array(theta)) == pytest.approx(answer, rel=1e-9, abs=1e-12)


@given(coefficients, coefficients)
def test_a_filter_and_its_inverse_give_the_noise_back(phi, theta):
    noise = np.random.default_rng(1).normal(size=30)
    values = linear_filter(np.array(theta), np.array(phi), noise)
    back = linear_filter(-np.array(phi), -np.array(theta), values)
    assert back == pytest.approx(noise, rel=1e-6, abs=1e-6 * np.abs(values).max())


def test_a_filter_by_hand():
    """y = 0.5 y(t-1) + e + 2 e(t-1) for e = 1, 0, 3: 1, 2.5, 4.25."""
    values = linear_filter(np.array([2.0]), np.array([0.5]), np.array([1.0, 0.0, 3.0]))
    assert values.tolist() == [1.0, 2.5, 4.25]
