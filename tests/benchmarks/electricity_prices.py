"""Published electricity price forecasts, a linear AR against a deep network, judged hour by hour.

Run from the checkout: `python tests/benchmarks/electricity_prices.py --data DIR`, where DIR holds
`epf_pjm_prices_and_published_forecasts.csv.gz` (hourly PJM day-ahead prices in USD/MWh with the published
forecasts of LEAR, a LASSO-estimated autoregression, and of a DNN, each as an ensemble and as one member).

The forecasts are those of the PJM market that Lago, Marcjasz, De Schutter and Weron published beside their
article "Forecasting day-ahead electricity prices: A review of state-of-the-art algorithms, best practices
and an open-access benchmark", Applied Energy 293 (2021), 116983: repository jeslago/epftoolbox, file
forecasts/Forecasts_PJM_DNN_LEAR_ensembles.csv. h is the hour of the next day; the cutoff is the hour before.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

import forecastkit as fk

FILE = "epf_pjm_prices_and_published_forecasts.csv.gz"
PUBLISHED = {"lear_ens": 3.01, "dnn_ens": 2.86}
"""Mean absolute error of the ensembles on PJM in the article, USD/MWh, to its two decimals."""


def hourly(path: Path) -> pd.DataFrame:
    """Read prices and forecasts, and number the hours of each day."""
    frame = pd.read_csv(path, parse_dates=["ds"])
    return frame.assign(h=frame["ds"].dt.hour + 1)


def judge(frame: pd.DataFrame, ar: str, network: str, loss: str) -> fk.Evaluation:
    """Compare one linear and one deep forecast."""
    columns = ["unique_id", "ds", "h", "y", ar, network]
    return fk.evaluate(frame[columns], roles={ar: "ar", network: "network"}, loss=loss)


def main() -> None:
    """Read the command line, print accuracy as published and the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="Folder that holds the file.")
    parser.add_argument("--out", type=Path, help="Folder for the report on the ensembles.")
    options = parser.parse_args()
    frame = hourly(options.data / FILE)
    ensembles = judge(frame, "lear_ens", "dnn_ens", "absolute")
    print(f"{'model':<12}{'cells':>8}{'MAE':>10}{'published':>11}{'RMSE':>10}")
    for row in ensembles.overall().itertuples():
        print(f"{row.model:<12}{row.cells:>8}{row.mae:>10.4f}{PUBLISHED[row.model]:>11.2f}{row.rmse:>10.4f}")
    table = ensembles.accuracy.pivot(index="h", columns="model", values="mae")
    found = ensembles.comparison
    tests = pd.DataFrame(
        {"p": [test.p_value for test in found.duel], "Holm p": found.duel_adjusted}, index=table.index
    )
    print(f"\nMAE and two-sided test by hour ahead\n{table.join(tests).round(4).to_string()}")
    for loss in ("absolute", "squared"):
        for ar, network in (("lear_ens", "dnn_ens"), ("lear_1456", "dnn_1")):
            result = judge(frame, ar, network, loss)
            print(f"\n{loss} loss, {network} against {ar}:\n{result.comparison}")
    if options.out:
        print(f"\nReport: {fk.report(ensembles, options.out)}")


if __name__ == "__main__":
    main()
