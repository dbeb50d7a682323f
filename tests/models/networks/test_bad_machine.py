"""A machine without the memory or the GPU that was asked for: named, recorded and said in the report."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

import forecastkit as fk
from forecastkit.errors import DeviceWarning, TrainingError, UnpairedOriginsWarning
from forecastkit.models.networks.device import load_loop
from forecastkit.models.networks.spec import NetworkSpec, Schedule
from forecastkit.models.recurrent import Recurrent
from forecastkit.reporting.document import document
from forecastkit.reporting.page import page
from forecastkit.reporting.report_markdown import report_markdown
from forecastkit.reporting.words import verdict_details
from forecastkit.runs.store import Store
from forecastkit.seeds import spawn

SERIES = fk.load("synthetic:ar2?n=160&seed=1")
PLAN = fk.BacktestPlan(horizon=2, origins=30, refit_every={"lstm": 10})
LSTM = Recurrent(units=4, lookback=6, epochs=2, seeds=1)
WORDS = (
    "There is not enough memory to train a network of 4 units on batches of 32 windows of 6 steps. Use a "
    "smaller batch, a shorter lookback, fewer units or fewer workers."
)


def out_of_memory(kind: str) -> Exception:
    import tensorflow as tf

    if kind == "MemoryError":
        return MemoryError("Unable to allocate 12.0 GiB")
    return tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")


@pytest.mark.parametrize("kind", ["ResourceExhaustedError", "MemoryError"])
def test_training_without_memory_says_what_to_change(kind, monkeypatch) -> None:
    module = load_loop()

    def fail(*_):
        raise out_of_memory(kind)

    spec = NetworkSpec(5, 2, 3, 4, 0.1, "squared", 16, 1e-3)
    rng = np.random.default_rng(0)
    pair = rng.normal(size=(40, 5, 2)), rng.normal(size=(40, 3))
    monkeypatch.setattr(module.Loop, "_run_epoch", fail)
    with pytest.raises(TrainingError, match=r"memory to train a network of 4 units on batches of 16 windows"):
        module.loop_for(spec).fit(pair, pair, Schedule(2, 2, 1e-2), spawn(0))
    with pytest.raises(TrainingError, match=r"memory to train 3 networks of 4 units"):
        module.loop_for(spec, 3).fit_many([pair] * 3, [pair] * 3, Schedule(2, 2, 1e-2), [spawn(0)] * 3)


def test_a_fit_without_memory_is_recorded_with_model_and_origin(monkeypatch) -> None:
    module, real, begun = load_loop(), load_loop().Loop._run_epoch, []

    def fail_from_the_second_fit_on(self, *data):
        begun.append(None)
        if len(begun) > LSTM.epochs:
            raise out_of_memory("ResourceExhaustedError")
        return real(self, *data)

    monkeypatch.setattr(module.Loop, "_run_epoch", fail_from_the_second_fit_on)
    with Store.open(None) as store:
        with pytest.warns(
            UnpairedOriginsWarning, match=r"'lstm' failed at 20 of 30 origins; the first is 139"
        ):
            result = fk.compare(SERIES, models={"ar": "ar", "lstm": LSTM}, plan=PLAN, store=store)
        kept = fk.read_run("last", store=store)
    origins = result.forecasts.origins
    failed = [(f.model, f.origin, f.error, f.message) for f in result.forecasts.failures]
    assert failed == [("lstm", origin, "TrainingError", WORDS) for origin in origins[10:].tolist()]
    assert np.isfinite(result.forecasts.of("lstm")[:10]).all()
    assert kept.forecasts.failures == result.forecasts.failures
    said = f"lstm failed at 20 of 30 origins and left the comparison: TrainingError: {WORDS}"
    assert said in verdict_details(result)
    assert f"TrainingError: {WORDS}" in page(result)
    assert document(result)["failures"][0]["origin"] == int(origins[10])
    assert "lstm" not in result.skill


def without_gpu(monkeypatch) -> None:
    monkeypatch.setattr(load_loop(), "gpu_count", lambda: 0)


def test_a_gpu_that_is_absent_is_warned_of_once_and_said_in_the_report(monkeypatch) -> None:
    without_gpu(monkeypatch)
    said = "A GPU was asked for, and there was none: lstm ran on the CPU."
    models = {"ar": "ar", "lstm": replace(LSTM, device="gpu", seeds=2)}
    with Store.open(None) as store:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = fk.compare(SERIES, models=models, plan=PLAN, store=store)
        about = [w for w in caught if "GPU" in str(w.message)]
        assert [w.category for w in about] == [DeviceWarning]
        with pytest.warns(DeviceWarning, match="TensorFlow sees none; the networks run on the CPU"):
            repeated = fk.compare(SERIES, models=models, plan=PLAN, store=store)  # from the store
        read = fk.read_run("last", store=store)
    for found in (result, repeated, read):
        assert said in verdict_details(found)
    assert said in page(result)
    assert said in report_markdown(result)["report.md"]
    assert {fact["device"] for fact in result.forecasts.facts["lstm"]} == {"CPU"}


def test_nothing_is_said_where_no_gpu_was_asked_for(monkeypatch) -> None:
    without_gpu(monkeypatch)
    plan = fk.BacktestPlan(horizon=2, origins=12)
    result = fk.compare(SERIES, models={"ar": "ar", "lstm": LSTM}, plan=plan, store=False)
    assert not [line for line in verdict_details(result) if "GPU" in line]


@pytest.mark.slow
def test_the_command_line_says_it_too(run, tmp_path, monkeypatch) -> None:
    without_gpu(monkeypatch)
    monkeypatch.chdir(tmp_path)
    asked = ("--horizon", "3", "--origins", "12", "--models", "ar,lstm", "--seeds", "1", "--device", "gpu")
    code, out, err = run("compare", "synthetic:ar2?n=160", *asked, "--no-store", "--out", "r")
    assert code == 0
    assert err.count("Warning: A GPU was asked for, and TensorFlow sees none") == 1
    assert "- A GPU was asked for, and there was none: lstm ran on the CPU." in out
