"""Every registered model is asked with poisoned futures: outcome and seconds of each proof.

Run from the checkout: `python tests/benchmarks/no_look_ahead.py [--transform log-return]`. Networks are tiny.
"""

from __future__ import annotations

import argparse
import time

import forecastkit as fk
from forecastkit.models.registry import find_model, model_names

SOURCE = "synthetic:ar2?n=200&seed=4"
TINY = {"units": 3, "epochs": 3, "lookback": 6, "tries": 1, "seeds": 1, "batch": 16, "process": SOURCE}
MARKS = {True: "ok", False: "FAILED", None: "-"}


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transform", default="none")
    transform = parser.parse_args().transform
    series, start = fk.load(SOURCE), time.monotonic()
    for name in model_names():
        begin = time.monotonic()
        found = fk.prove_no_leak(find_model(name, **TINY), series, transform=transform)
        marks = ", ".join(
            f"{p.name} {'-' if p.passed is None else 'ok' if p.passed else 'FAILED'}" for p in found.proofs
        )
        print(f"{name:<22}{found.outcome:<12}{time.monotonic() - begin:>6.1f} s  {marks}", flush=True)
    print(f"all {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
