"""Would more regressors have helped? The test behind Breusch-Godfrey and the tests of linearity."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.special import chdtrc, fdtrc

from forecastkit.arrays import Matrix, Vector
from forecastkit.diagnostics.least_squares import residual_of
from forecastkit.diagnostics.outcome import HypothesisTest

Form = Literal["chi2", "F", "robust"]


def added_variables(
    residuals: Vector, design: Matrix, added: Matrix, name: str, null: str, *, form: Form = "chi2"
) -> HypothesisTest:
    """Test whether residuals of a regression can be told from further regressors.

    "chi2": N R^2 of e on [X, Z], chi-square(K). "F": ((SSR_0 - SSR_1) / K) / (SSR_1 / (N - k - K)). "robust":
    each column of Z is cleared of X and multiplied by e, and N - SSR of the regression of 1 on these products
    is compared with chi-square(K); it keeps its size where the variance changes over time.

    Args:
        residuals: e, shape (N,), of least squares on `design`.
        design: X, shape (N, k).
        added: Z, shape (N, K), N > k + K.
        name, null: of the test.
        form: "chi2", "F" or "robust".

    Source: Breusch & Pagan (1980), Rev. of Economic Studies 47(1); robust: Wooldridge (1991), J. of
        Econometrics 47(1).
    """
    n, k = design.shape
    extra = added.shape[1]
    spread = np.sqrt(np.mean(residuals**2))
    if spread == 0:
        return HypothesisTest(name, null, None, None, n, reason="the residuals are zero")
    e = residuals / spread
    if form == "robust":
        products = residual_of(added, design) * e[:, None]
        statistic = n - float(np.sum(residual_of(np.ones(n), products) ** 2))
        return HypothesisTest(name, null, statistic, float(chdtrc(extra, max(statistic, 0.0))), n, (extra,))
    alone, together = (float(np.sum(residual_of(e, x) ** 2)) for x in (design, np.hstack([design, added])))
    if form == "chi2":
        statistic = max(n * (alone - together) / alone, 0.0)
        return HypothesisTest(name, null, statistic, float(chdtrc(extra, statistic)), n, (extra,))
    degrees = (extra, n - k - extra)
    if together <= 0:
        return HypothesisTest(name, null, None, None, n, reason="the regression fits exactly")
    statistic = max((alone - together) / extra / (together / degrees[1]), 0.0)
    return HypothesisTest(name, null, statistic, float(fdtrc(*degrees, statistic)), n, degrees)
