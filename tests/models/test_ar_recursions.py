"""Yule-Walker and Burg: R's coefficients, variances and orders."""

import numpy as np
import pytest

from forecastkit.models._ar_recursions import RECURSIONS, burg, yule_walker

NAMES = ("lynx_log10", "sunspot_year", "nile", "lh", "airpassengers_log")


@pytest.mark.parametrize("method", RECURSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_coefficients_variances_and_orders_agree_with_r(name, method, reference, series_values):
    known = reference("ar_estimation")["results"][name][method]
    values = series_values(name)
    n, p, top = len(values), known["order"], known["order_max"]
    phi, variance = RECURSIONS[method](values - values.mean(), top)
    assert phi[p, :p] == pytest.approx(np.atleast_1d(known["ar"]), rel=1e-8)
    assert int(np.argmin(n * np.log(variance) + 2 * np.arange(top + 1))) == p
    shrunk = n / (n - p - 1) if method == "yule-walker" else 1.0
    assert variance[p] * shrunk == pytest.approx(known["var_pred"], rel=1e-8)


@pytest.mark.parametrize("recursion", [yule_walker, burg])
def test_nothing_is_learnt_from_zeros_and_roots_lie_inside(recursion):
    assert not recursion(np.zeros(30), 4)[0].any()
    walk = np.random.default_rng(1).normal(size=200).cumsum()
    phi, variance = recursion(walk - walk.mean(), 6)
    assert np.abs(np.roots([1.0, *-phi[6]])).max() < 1
    assert (np.diff(variance) <= 0).all()
