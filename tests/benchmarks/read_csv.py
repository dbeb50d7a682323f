"""Seconds to read a long CSV file, beyond the imports; dates in ISO 8601, numbers with every digit.

python tests/benchmarks/read_csv.py [--rows 1000000] [--repeat 3]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from forecastkit.sources.files import read_file


def main() -> None:
    """Print rows, bytes, and the median of the seconds, for a plain and a continental file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    dates = pd.date_range("1900", periods=options.rows, freq="h")
    values = np.random.default_rng(0).normal(size=options.rows)
    with tempfile.TemporaryDirectory() as folder:
        for kind, separator, decimal in (("plain", ",", "."), ("continental", ";", ",")):
            path = Path(folder) / f"{kind}.csv"
            texts = [repr(value).replace(".", decimal) for value in values.tolist()]
            rows = (f"{date}{separator}{text}\n" for date, text in zip(dates.astype(str), texts, strict=True))
            path.write_text(f"ds{separator}y\n" + "".join(rows), encoding="utf-8")
            seconds = []
            for _ in range(options.repeat):
                start = time.perf_counter()
                series = read_file(path)
                seconds.append(time.perf_counter() - start)
            exact = bool(np.array_equal(series.values, values))
            size = path.stat().st_size / 1e6
            print(
                f"{kind:<12} {options.rows} rows, {size:.0f} MB: {np.median(seconds):.2f} s, every digit "
                f"kept: {exact}, frequency {series.frequency}"
            )


if __name__ == "__main__":
    main()
