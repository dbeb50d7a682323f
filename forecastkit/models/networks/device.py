"""Settings that TensorFlow and Keras read when they are first imported."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType

from forecastkit.errors import BackendError

# Small recurrent networks gain nothing from a second thread and lose repeatability of bits; oneDNN picks kernels by
# processor, so that two machines would differ.
SETTINGS = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}


def load_loop() -> ModuleType:
    """Import the training loop, and with it TensorFlow.

    Raises:
        BackendError: TensorFlow or Keras cannot be imported; the message carries their reason.
    """
    if "tensorflow" not in sys.modules:
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
    try:
        return importlib.import_module("forecastkit.models.networks.tf_loop")
    except ImportError as error:
        raise BackendError(
            f"Recurrent networks need TensorFlow, which could not be imported ({error}). Install it with "
            "`pip install tensorflow` (there is no wheel for macOS on Intel), or leave the networks out: "
            "`--models naive,ar`."
        ) from error
