"""Long-run variances: reference values, by hand, and signs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.comparison.variance import (
    autocovariances,
    bartlett,
    cosine,
    periodogram,
    quadratic_spectral,
    rectangular,
)


def test_agrees_with_r(reference):
    known = reference("inference_misc")["lrv"]
    d = np.array(known["d"])[:, None]
    assert rectangular(d, 3)[0] == pytest.approx(known["rect3"], rel=1e-8)
    assert bartlett(d, 3)[0] == pytest.approx(known["bartlett3"], rel=1e-8)
    assert quadratic_spectral(d)[0] == pytest.approx(known["qs"], rel=1e-8)


@pytest.mark.parametrize("index", range(6))
def test_fixed_smoothing_agrees_with_the_reference(index, reference):
    case = reference("dm_test")["cases"][index]
    known = reference("dm_fixed_smoothing")["cases"][index]
    d = (np.square(case["e1"]) - np.square(case["e2"]))[:, None]
    assert cosine(d, known["ewc_capped"]["nu"])[0] == pytest.approx(known["ewc_capped"]["lrv"], rel=1e-8)
    assert periodogram(d, known["ewp"]["m"])[0] == pytest.approx(known["ewp"]["lrv"], rel=1e-8)


def test_by_hand():
    """d = 1, -1, 1, -1: g_0 = 1, g_1 = -3/4, g_2 = 1/2."""
    d = np.array([1.0, -1.0, 1.0, -1.0])[:, None]
    assert autocovariances(d, 2)[:, 0].tolist() == [1.0, -0.75, 0.5]
    assert rectangular(d, 1)[0] == pytest.approx(-0.5, rel=1e-14)
    assert bartlett(d, 1)[0] == pytest.approx(0.25, rel=1e-14)


@given(st.integers(0, 1000), st.integers(8, 60), st.integers(1, 4))
def test_columns_are_apart_and_never_negative(seed, n, k):
    d = np.random.default_rng(seed).normal(size=(n, k)).cumsum(axis=0)
    for variance in (
        lambda x: bartlett(x, 5),
        quadratic_spectral,
        lambda x: cosine(x, 3),
        lambda x: periodogram(x, 2),
    ):
        together = variance(d)
        assert together.shape == (k,)
        assert (together >= -1e-9 * np.var(d)).all()
        assert together[-1] == pytest.approx(variance(d[:, -1:])[0], rel=1e-9)
        assert variance(d + 5.0) == pytest.approx(together, rel=1e-6)
