"""Is a unit root rejected, so that levels may be modelled?"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from forecastkit.arrays import Vector, is_constant

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class UnitRootTest:
    """Result of a test of H0: the series has a unit root; small p: it has none.

    Where no test could be made, statistic and p_value are None and `reason` says why.
    """

    statistic: float | None
    p_value: float | None
    lags: int
    n: int
    reason: str = ""

    @property
    def rejected(self) -> bool:
        """Whether a unit root is rejected at 5 %."""
        return self.p_value is not None and self.p_value < LEVEL


def adf(values: Vector) -> UnitRootTest:
    """Augmented Dickey-Fuller test with a constant, lags chosen by AIC.

    Args:
        values: shape (T,).

    Returns:
        the test; for a constant or very short series no test but the reason.
    Source: statsmodels `adfuller(regression="c", autolag="AIC")`.
    """
    from statsmodels.tools.sm_exceptions import SingularMatrixWarning
    from statsmodels.tsa.stattools import adfuller

    if is_constant(values):
        return UnitRootTest(None, None, 0, len(values), "the series is constant")
    if len(values) < 15:
        return UnitRootTest(None, None, 0, len(values), "fewer than 15 observations")
    try:
        with warnings.catch_warnings():
            # A noise-free series leaves no residual to divide by: what comes out is rounding, not a test.
            warnings.simplefilter("error", RuntimeWarning)
            warnings.simplefilter("error", SingularMatrixWarning)
            result = adfuller(
                (values - values.mean()) / values.std(), regression="c", autolag="AIC", result_object=True
            )
    except (RuntimeWarning, SingularMatrixWarning, np.linalg.LinAlgError):
        return UnitRootTest(None, None, 0, len(values), "the series fits an autoregression exactly")
    return UnitRootTest(float(result.statistic), float(result.pvalue), int(result.lags), int(result.nobs))
