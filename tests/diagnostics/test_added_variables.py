"""The test behind others: by hand, and where there is nothing to test."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from forecastkit.diagnostics.added_variables import added_variables


def test_three_forms_by_hand():
    """e = 1, -1, 1, -1 on a constant, added z = 1, -1, 1, 1: z clear of its mean is .5, -1.5, .5, .5.

    R^2 = (.5 + 1.5 + .5 - .5)^2 / (3 * 4) = 1/3, so N R^2 = 4/3; F = (4/3) / (8/3 / 2) = 1; robust: products
    .5, 1.5, .5, -.5, so (sum)^2 / (sum of squares) = 4 / 3.
    """
    e, constant, z = (
        np.array([1.0, -1.0, 1.0, -1.0]),
        np.ones((4, 1)),
        np.array([[1.0], [-1.0], [1.0], [1.0]]),
    )
    chi2, f, robust = (
        added_variables(e, constant, z, "t", "n", form=form) for form in ("chi2", "F", "robust")
    )
    assert chi2.statistic == pytest.approx(4 / 3, rel=1e-12)
    assert chi2.p_value == pytest.approx(0.24821307898992026, rel=1e-10)
    assert (f.statistic, f.degrees) == (pytest.approx(1.0, rel=1e-12), (1, 2))
    assert f.p_value == pytest.approx(0.42264973081037427, rel=1e-10)
    assert robust.statistic == pytest.approx(4 / 3, rel=1e-12)
    assert (chi2.name, chi2.null, chi2.n) == ("t", "n", 4)


def test_f_agrees_with_statsmodels(rng):
    design, added = np.column_stack([np.ones(60), rng.normal(size=60)]), rng.normal(size=(60, 3))
    y = rng.normal(size=60)
    alone = OLS(y, design).fit()
    expected = OLS(y, np.hstack([design, added])).fit().compare_f_test(alone)
    found = added_variables(alone.resid, design, added, "t", "n", form="F")
    assert (found.statistic, found.p_value) == pytest.approx(expected[:2], rel=1e-9)


def test_nothing_to_test():
    none = added_variables(np.zeros(9), np.ones((9, 1)), np.ones((9, 1)), "t", "n")
    assert (none.p_value, none.reason) == (None, "the residuals are zero")
    same = added_variables(np.resize([1.0, -1.0], 10), np.ones((10, 1)), np.ones((10, 1)), "t", "n")
    assert same.statistic == pytest.approx(0.0, abs=1e-12)
