"""The same work in neuralforecast, darts and Keras: `network_speed.py` starts this in their environments.

Reads one job a line from stdin, as JSON, and answers each with the seconds it took: `steps` of a first
training, then `refit_steps` of each of `refits` trainings that go on from its weights on a past that is
`step` longer; a forecast follows each. The libraries get their defaults but for the sizes of the job, squared
error, one linear layer behind the LSTM, and no progress bar, logger, checkpoint or validation. The argument
is the number of threads.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd

LOOKBACK, HORIZON, UNITS, BATCH = 64, 24, 64, 128
KEPT: dict[str, Any] = {}
SILENT = {"enable_progress_bar": False, "logger": False, "enable_checkpointing": False, "accelerator": "cpu"}


def neuralforecast(values: np.ndarray, job: dict) -> None:
    """Train and forecast; `fit` on a fitted object goes on from its weights."""
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import MSE
    from neuralforecast.models import LSTM

    torch_threads()
    network = LSTM(
        h=HORIZON,
        input_size=LOOKBACK,
        encoder_hidden_size=UNITS,
        encoder_n_layers=1,
        decoder_layers=1,
        loss=MSE(),
        max_steps=job["steps"],
        windows_batch_size=BATCH,
        batch_size=1,
        random_seed=job["seed"],
        enable_model_summary=False,
        **SILENT,
    )
    model = NeuralForecast([network], freq=1)
    frame = pd.DataFrame({"unique_id": "y", "ds": np.arange(len(values)), "y": values})
    for origin in origins(len(values), job):
        model.fit(frame[:origin])
        model.predict()
        model.models[0].max_steps = job["refit_steps"]
        model.models[0].trainer_kwargs["max_steps"] = job["refit_steps"]


def darts(values: np.ndarray, job: dict) -> None:
    """Train and forecast; one epoch of so many windows as the steps take."""
    from darts import TimeSeries
    from darts.models import BlockRNNModel

    torch_threads()
    steps, series = job["steps"], TimeSeries.from_values(values.astype(np.float32))
    model = BlockRNNModel(
        LOOKBACK,
        HORIZON,
        model="LSTM",
        hidden_dim=UNITS,
        n_rnn_layers=1,
        batch_size=BATCH,
        random_state=job["seed"],
        pl_trainer_kwargs={**SILENT, "enable_model_summary": False},
    )
    for origin in origins(len(values), job):
        epochs = -(-steps // ((origin - LOOKBACK - HORIZON) // BATCH))
        windows = steps * BATCH // epochs
        model.fit(series[:origin], epochs=epochs, max_samples_per_ts=windows)
        model.predict(HORIZON, verbose=False)
        steps = job["refit_steps"]


def torch_threads() -> None:
    """Give PyTorch as many threads as asked for."""
    import torch

    torch.set_num_threads(int(sys.argv[1]))


def keras_panel(values: np.ndarray, job: dict) -> None:
    """Build, train and ask a new model for each series; its windows are as many as ours."""
    import keras

    for _ in range(job["count"]):
        network = keras.Sequential(
            [
                keras.Input((job["lookback"], 2)),
                keras.layers.LSTM(job["units"]),
                keras.layers.Dense(job["horizon"]),
            ]
        )
        network.compile(optimizer=keras.optimizers.AdamW(), loss="mse")
        (x, y), held_out = (
            (values[: n * job["lookback"] * 2].reshape(n, -1, 2), values[: n * job["horizon"]].reshape(n, -1))
            for n in (job["train"], job["stop"])
        )
        network.fit(x, y, batch_size=job["batch"], epochs=job["epochs"], validation_data=held_out, verbose=0)
        network.predict(x[-1:], verbose=0)


def keras_predict(values: np.ndarray, job: dict) -> None:
    """Forecast from all windows at once, by a model that stays."""
    network = KEPT.get("network")
    if network is None:
        import keras

        layers = [
            keras.Input((job["lookback"], 2)),
            keras.layers.LSTM(job["units"]),
            keras.layers.Dense(job["horizon"]),
        ]
        network = KEPT["network"] = keras.Sequential(layers)
    windows = values[: job["count"] * job["lookback"] * 2].reshape(job["count"], -1, 2)
    network.predict(windows, batch_size=job["batch"], verbose=0)


def origins(n: int, job: dict) -> list[int]:
    """Lengths of the past at the first training and at each refit."""
    first = n - job["refits"] * job["step"]
    return [first + i * job["step"] for i in range(job["refits"] + 1)]


def main() -> None:
    """Answer the jobs that come."""
    os.environ["TF_NUM_INTRAOP_THREADS"] = sys.argv[1]
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    answers, sys.stdout = sys.stdout, sys.stderr
    libraries = {
        "neuralforecast": neuralforecast,
        "darts": darts,
        "keras-panel": keras_panel,
        "keras-predict": keras_predict,
    }
    for line in sys.stdin:
        job = json.loads(line)
        values = np.random.default_rng(0).normal(size=job.get("observations", 100_000))
        begin = time.perf_counter()
        libraries[job["library"]](values, job)
        print(json.dumps(time.perf_counter() - begin), file=answers, flush=True)


if __name__ == "__main__":
    main()
