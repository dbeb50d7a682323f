"""Settings that TensorFlow and Keras read when they are first imported, and their first import itself."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from forecastkit.errors import BackendError, DeviceWarning
from forecastkit.models.networks.spec import NetworkSpec

# Small recurrent networks gain nothing from a second thread and lose repeatability of bits; oneDNN picks
# kernels by processor, so that two machines would differ.
SETTINGS = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}
LOOP = "forecastkit.models.networks.tf_loop"


Device = Literal["auto", "cpu", "gpu"]


@dataclass(frozen=True, slots=True)
class Processor:
    """Where a network runs.

    Args:
        name: TensorFlow's name of the device.
        keras_layers: whether Keras' recurrent layers run, which on a GPU use its fused kernel, instead of the
            packed ones of this package.
    """

    name: str
    keras_layers: bool = False


CPU = Processor("/CPU:0")


def choose_processor(device: Device, gpus: int) -> Processor:
    """Say where networks run: on the first GPU where there is one and it is not ruled out.

    A GPU that was asked for and is not there is told by a DeviceWarning.
    """
    if device == "gpu" and not gpus:
        warnings.warn(
            "A GPU was asked for, and TensorFlow sees none; the networks run on the CPU. `forecastkit doctor "
            '--deep` says what is missing; device="auto" (--device auto) takes a GPU where there is one.',
            DeviceWarning,
            stacklevel=3,
        )
    return Processor("/GPU:0", keras_layers=True) if gpus and device != "cpu" else CPU


def why_not_fused(
    *,
    cell: str,
    gpus: int,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    unroll: bool = False,
    use_bias: bool = True,
    recurrent_dropout: float = 0.0,
    reset_after: bool = True,
) -> str:
    """Say why a recurrent layer does not get the fused cuDNN kernel, "" where it does.

    The conditions are those of Keras 3 on TensorFlow.
    """
    conditions = [
        (gpus > 0, "no GPU"),
        (cell in ("lstm", "gru"), f"there is none for the cell {cell!r}"),
        (activation == "tanh", f"activation {activation!r} is not tanh"),
        (recurrent_activation == "sigmoid", f"recurrent activation {recurrent_activation!r} is not sigmoid"),
        (not unroll, "the loop over time is unrolled"),
        (use_bias, "the layer has no bias"),
        (recurrent_dropout == 0, "recurrent dropout is used"),
        (cell != "gru" or reset_after, "the GRU resets before its product"),
    ]
    return next((reason for holds, reason in conditions if not holds), "")


def load_loop() -> ModuleType:
    """Import the training loop, and with it TensorFlow.

    Raises:
        BackendError: TensorFlow or Keras cannot be imported; the message carries their reason.
    """
    if LOOP in sys.modules:
        return sys.modules[LOOP]
    if "tensorflow" not in sys.modules:
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
    try:
        with _greetings_held_back():
            return importlib.import_module(LOOP)
    except ImportError as error:
        raise BackendError(
            f"Recurrent networks need TensorFlow, which could not be imported ({error}). Install it with "
            "`pip install tensorflow` (there is no wheel for macOS on Intel), or leave the networks out: "
            "`--models naive,ar`."
        ) from error


def network_loop(spec: NetworkSpec, device: Device = "auto", stack: int = 1) -> Any:
    """Give the compiled loop of a shape, on the device that was asked for."""
    loops = load_loop()
    return loops.loop_for(spec, stack, choose_processor(device, loops.gpu_count()))


def kernel_facts(processor: Processor, cell: str) -> dict[str, str]:
    """Say where a network ran and by which kernel, JSON-ready."""
    gpu = processor.keras_layers
    reason = why_not_fused(cell=cell, gpus=int(gpu))
    kernel = f"{'Keras layer' if gpu else 'packed'}, not fused: {reason}" if reason else "fused (cuDNN)"
    return {"device": "GPU" if gpu else "CPU", "kernel": kernel}


@contextmanager
def _greetings_held_back() -> Iterator[None]:
    """Hold back what TensorFlow prints on stderr while it looks for devices; show it if the import fails."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
