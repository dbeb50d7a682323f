"""What the honesty audit says of honest comparisons: no failure, and how many false warnings.

Run from the checkout: `python tests/benchmarks/honesty_clean_runs.py [--runs N] [--lstm]`. Fixed seeds.

1. Series with skill: AR(2), seasonal AR, SETAR, ARFIMA and a seasonal series under noise, by turns; the
   models of the package and the references, with the default plan at horizon 12. Nothing is wrong with any of
   these runs, so that every failure and every warning counts as false; "inform" is no warning. A warning that
   tells the truth (a linear AR does leave something of a SETAR alone) counts all the same.
2. Random walks: H-MIMIC has to inform, and nothing may fail.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter

import forecastkit as fk
from forecastkit.comparison.honesty import Audit

SKILFUL = ("ar2", "seasonal-ar", "setar", "arfima", "seasonal")


def audits(sources: list[str], models: list[str], seeds: int) -> list[Audit]:
    """Audit one comparison per source."""
    found, plan = [], fk.BacktestPlan(horizon=12)
    for source in sources:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            result = fk.compare(fk.load(source), models, plan=plan, seeds=seeds, store=False)
        found.append(result.honesty)
    return found


def told(what: str, found: list[Audit], seconds: float) -> None:
    """Print how often each check failed, warned and informed."""
    print(f"\n{what}: {len(found)} runs, {seconds:.0f} s")
    for level in ("fail", "warn", "inform", "untested"):
        codes = Counter(finding.code for audit in found for finding in audit.of(level))
        total = sum(codes.values())
        print(f"  {level:<9}{total:>5}  " + ", ".join(f"{code} {n}" for code, n in codes.most_common()))
    for audit in found:
        for finding in audit.of("fail", "warn"):
            print(f"    {audit.series}: {finding.code} {finding.text}")


def main() -> None:
    """Read the command line and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--n", type=int, default=500)
    parser.add_argument("--lstm", action="store_true", help="with the network, two seeds; minutes")
    options = parser.parse_args()
    models = ["ar", "ar-direct", "ar-weighted", *(["lstm"] if options.lstm else [])]
    clean = [f"synthetic:{SKILFUL[i % 5]}?n={options.n}&seed={i // 5}" for i in range(options.runs)]
    walks = [f"synthetic:random-walk?n={options.n}&seed={i}" for i in range(options.runs)]
    for what, sources in (("series with skill", clean), ("random walks", walks)):
        start = time.monotonic()
        told(what, audits(sources, models, 2), time.monotonic() - start)


if __name__ == "__main__":
    main()
