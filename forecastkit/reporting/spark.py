"""A series in one line of text."""

from __future__ import annotations

import numpy as np

from forecastkit.arrays import Vector

BARS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"


def spark(values: Vector, width: int = 24) -> str:
    """Draw a series as a line of bars from its smallest to its largest part.

    Args:
        values: shape (T,), T >= 1; NaN is left out.
        width: characters at most; each is the mean of one of so many equal parts.

    Returns:
        at most `width` characters, a level line for a constant.

    Example:
        >>> len(spark(np.arange(100.0)))
        24
    """
    known = values[np.isfinite(values)]
    parts = np.array([part.mean() for part in np.array_split(known, min(width, len(known)))])
    spread = np.ptp(parts)
    heights = np.zeros(len(parts)) if spread == 0 else (parts - parts.min()) / spread
    return "".join(BARS[int(height * (len(BARS) - 1) + 0.5)] for height in heights)
