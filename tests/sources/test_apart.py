"""Fetching still works once TensorFlow is loaded, whose libcurl breaks that of the client."""

from __future__ import annotations

import subprocess
import sys

from loopback import Market, Yahoo, prices

PROGRAM = """
import tensorflow
import forecastkit as fk
from forecastkit.errors import UnknownSymbolError
print(len(fk.load("yahoo:SPY")))
try:
    fk.load("yahoo:NOPE")
except UnknownSymbolError as error:
    print(error)
"""


def test_prices_come_after_tensorflow(yahoo: Yahoo) -> None:
    yahoo.markets["SPY"] = Market(prices())
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120)
    lines = done.stdout.splitlines()
    assert lines[-2:-1] == ["300"], done.stderr
    assert lines[-1].startswith("Yahoo does not know the symbol 'NOPE'.")
