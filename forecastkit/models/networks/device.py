"""Settings that TensorFlow and Keras read when they are first imported, and their first import itself."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from forecastkit.errors import BackendError

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
