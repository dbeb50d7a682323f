"""Recursions of autoregressions against closed forms and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecastkit.models._ar_paths import filled, impulse_responses, iterate, largest_moduli, path_deviations
from forecastkit.series.recursions import psi_weights

SMALL = st.floats(-0.6, 0.6)


@given(st.data())
def test_iterating_is_the_recursion_and_a_row_never_depends_on_another(data) -> None:
    count, longest, horizon = (data.draw(st.integers(1, top)) for top in (4, 5, 8))
    phi = data.draw(arrays(np.float64, (count, longest), elements=SMALL))
    tails = data.draw(arrays(np.float64, (count, longest), elements=st.floats(-9, 9)))
    base = data.draw(arrays(np.float64, (count, horizon), elements=st.floats(-2, 2)))
    found = iterate(phi, base, tails)
    for o in range(count):
        past = tails[o].tolist()
        for h in range(horizon):
            past.append(base[o, h] + sum(phi[o, i] * past[-1 - i] for i in range(longest)))
        assert found[o] == pytest.approx(past[longest:], rel=1e-12, abs=1e-12)
        assert iterate(phi[[o]], base[[o]], tails[[o]])[0].tobytes() == found[o].tobytes()


def test_no_lags_give_the_base() -> None:
    base = np.array([[1.0, 2.0]])
    assert iterate(np.empty((1, 0)), base, np.empty((1, 0))).tolist() == base.tolist()


@given(arrays(np.float64, (1, 3), elements=SMALL))
def test_impulse_responses_are_psi_weights(phi) -> None:
    assert impulse_responses(phi, 9)[0] == pytest.approx(psi_weights(phi[0], 9), rel=1e-12, abs=1e-14)


def test_deviations_in_closed_form() -> None:
    phi, sigma2, h = np.array([[0.8], [1.0]]), np.array([4.0, 1.0]), np.arange(1, 6)
    plain = path_deviations(phi, sigma2, 5, cumulated=False)
    assert plain[0] == pytest.approx(2 * np.sqrt((1 - 0.64**h) / (1 - 0.64)))
    assert plain[1] == pytest.approx(np.sqrt(h))
    summed = path_deviations(np.zeros((1, 1)), np.ones(1), 5, cumulated=True)
    assert summed[0] == pytest.approx(np.sqrt(h))


@given(arrays(np.float64, (3, 4), elements=st.floats(-1.5, 1.5).map(lambda x: round(x, 2))))
def test_moduli_are_told_where_a_recursion_is_not_stable(phi) -> None:
    found = largest_moduli(phi)
    for row, modulus in zip(phi, found, strict=True):
        largest = np.abs(np.roots([1.0, *-row])).max(initial=0.0)
        if abs(largest - 1) > 1e-6:
            assert np.isnan(modulus) == (largest < 1)
        if np.isfinite(modulus):
            assert modulus == pytest.approx(largest)


def test_missing_values_are_filled_one_after_the_other() -> None:
    values = np.array([np.nan, 2.0, np.nan, np.nan, 4.0])
    found = filled(values, np.array([0.5]), np.full(5, 1.0))
    assert found.tolist() == [0.0, 2.0, 2.0, 2.0, 4.0]
    assert np.isnan(values[2])
