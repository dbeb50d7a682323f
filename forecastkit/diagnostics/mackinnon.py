"""P-values of Dickey-Fuller statistics: published response surfaces, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr

Trend = Literal["n", "c", "ct"]


@dataclass(frozen=True, slots=True)
class Surface:
    """Two polynomials in the statistic, whose normal distribution function is the p-value.

    Args:
        least, most: below p is 0, above it is 1.
        turn: where the first polynomial hands over to the second.
        left, right: coefficients of the two, constant first.
    """

    least: float
    turn: float
    most: float
    left: tuple[float, ...]
    right: tuple[float, ...]

    def p_value(self, statistic: float) -> float:
        """Probability of a smaller statistic under the unit root."""
        if statistic > self.most:
            return 1.0
        if statistic < self.least:
            return 0.0
        coefficients = self.left if statistic <= self.turn else self.right
        return float(ndtr(np.polynomial.polynomial.polyval(statistic, coefficients)))


DICKEY_FULLER: dict[Trend, Surface] = {
    "n": Surface(-19.04, -1.04, np.inf, (0.6344, 1.2378, 0.032496), (0.4797, 0.93557, -0.06999, 0.033066)),
    "c": Surface(-18.83, -1.61, 2.74, (2.1659, 1.4412, 0.038269), (1.7339, 0.93202, -0.12745, -0.010368)),
    "ct": Surface(-16.18, -2.89, 0.7, (3.2512, 1.6047, 0.049588), (2.5261, 0.61654, -0.37956, -0.060285)),
}
"""MacKinnon (1994), Journal of Business & Economic Statistics 12(2), 167-176, one unit root."""

GLS_DETRENDED: dict[Trend, Surface] = {
    "c": Surface(
        -17.561302895074206,
        -0.4795076091714674,
        13.365361509140614,
        (0.67422739, 1.25475826, 0.03572509),
        (0.50612497, 0.98305664, -0.05648525, 0.00140875),
    ),
    "ct": Surface(
        -13.681153542634465,
        -2.1960404365401298,
        8.73743383728356,
        (2.38767685, 1.57454737, 0.05754439),
        (2.60561421, 1.67850224, 0.0373599, -0.01017936),
    ),
}
"""For the GLS-detrended statistic, simulated by the authors of the package arch (`arch.unitroot.DFGLS`)."""
