"""Where networks run, and which kernel runs them."""

import pytest

from forecastkit.errors import DeviceWarning
from forecastkit.models.networks.device import CPU, choose_processor, kernel_facts, why_not_fused


def test_a_gpu_is_taken_where_there_is_one_and_it_is_not_ruled_out() -> None:
    assert choose_processor("auto", 1).name == "/GPU:0"
    assert choose_processor("gpu", 2).keras_layers
    assert choose_processor("cpu", 1) == choose_processor("auto", 0) == CPU


def test_a_gpu_that_is_not_there_is_told() -> None:
    with pytest.warns(DeviceWarning, match="TensorFlow sees none; the networks run on the CPU"):
        assert choose_processor("gpu", 0) == CPU


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"cell": "lstm"}, ""),
        ({"cell": "gru"}, ""),
        ({"cell": "rnn"}, "there is none for the cell 'rnn'"),
        ({"cell": "lstm", "gpus": 0}, "no GPU"),
        ({"cell": "lstm", "activation": "relu"}, "activation 'relu' is not tanh"),
        ({"cell": "lstm", "recurrent_activation": "relu"}, "recurrent activation 'relu' is not sigmoid"),
        ({"cell": "lstm", "unroll": True}, "the loop over time is unrolled"),
        ({"cell": "lstm", "use_bias": False}, "the layer has no bias"),
        ({"cell": "lstm", "recurrent_dropout": 0.1}, "recurrent dropout is used"),
        ({"cell": "gru", "reset_after": False}, "the GRU resets before its product"),
    ],
)
def test_every_condition_of_the_fused_kernel(setting: dict, reason: str) -> None:
    assert why_not_fused(**{"gpus": 1, **setting}) == reason


def test_the_layers_that_are_made_meet_the_conditions() -> None:
    from forecastkit.models.networks.device import load_loop
    from forecastkit.models.networks.spec import NetworkSpec

    module = load_loop()
    for cell in ("lstm", "gru"):
        spec = NetworkSpec(4, 1, 2, 3, 0.1, "squared", 8, 0.0, cell=cell)
        made = module.recurrent_layers(spec)[0].get_config()
        told = {
            name: made[name]
            for name in ("activation", "recurrent_activation", "unroll", "use_bias", "recurrent_dropout")
        }
        assert why_not_fused(cell=cell, gpus=1, **told) == ""
        assert module.recurrent_layers(spec)[0].use_cudnn == "auto"


def test_facts_say_device_and_kernel() -> None:
    assert kernel_facts(CPU, "lstm") == {"device": "CPU", "kernel": "packed, not fused: no GPU"}
    assert kernel_facts(choose_processor("auto", 1), "lstm") == {"device": "GPU", "kernel": "fused (cuDNN)"}
