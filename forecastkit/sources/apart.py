"""Asking the market source in a process of its own, where this one cannot.

TensorFlow exports the symbols of its own libcurl. Where it is loaded first, curl_cffi, which carries the
requests of yfinance, binds to these and fails every time; loaded the other way round, both work.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

from forecastkit.errors import DataError, SourceDownError
from forecastkit.sources.market import Download, download
from forecastkit.sources.patience import Patience
from forecastkit.sources.snapshots import Request

CHILD = "from forecastkit.sources.apart import answer_parent; answer_parent()"


def answer_of(request: Request, *, folder: Path, patience: Patience) -> Download:
    """Ask here, or in a process of its own where TensorFlow was loaded before curl_cffi.

    Args:
        request, folder, patience: as in `download`.

    Raises:
        as `download`.
    """
    if "tensorflow" not in sys.modules or "curl_cffi" in sys.modules:
        return download(request, folder=folder, patience=patience)
    asked = pickle.dumps((request, folder, patience))
    done = subprocess.run([sys.executable, "-c", CHILD], input=asked, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise SourceDownError(
            f"The process that asks Yahoo for {request.symbol} ended with code {done.returncode}. Fetch it "
            "before a network is trained, with `forecastkit datasets fetch`."
        )
    answer = pickle.loads(done.stdout)
    if isinstance(answer, DataError):
        raise answer
    return Download(*answer)


def answer_parent() -> None:
    """Read a request from stdin, and write what came, or the error, to stdout."""
    request, folder, patience = pickle.loads(sys.stdin.buffer.read())
    try:
        answer: object = tuple(download(request, folder=folder, patience=patience))
    except DataError as error:
        answer = error
    sys.stdout.buffer.write(pickle.dumps(answer))
