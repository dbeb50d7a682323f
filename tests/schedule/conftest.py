"""A folder with a jobs file, a package of odd models, and servers on the loopback address."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecastkit.schedule.desk import Desk, open_desks
from forecastkit.schedule.memory import Memory

MODELS = """
import os, subprocess, sys, time
from pathlib import Path

class Raising:
    name = "raising"
    def fit(self, history, *, horizon, rng):
        raise RuntimeError("the moon was not in the right house")

class Hanging:
    name = "hanging"
    def fit(self, history, *, horizon, rng):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        note = Path(os.environ["HANGING"])
        note.with_suffix(".part").write_text(str(child.pid))
        note.with_suffix(".part").rename(note)
        time.sleep(600)

class Telling:
    name = "telling"
    def fit(self, history, *, horizon, rng):
        raise RuntimeError("the environment: " + repr(dict(os.environ)))
"""


@pytest.fixture
def odd_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install models that raise, hang, or tell everything, for processes that are started from here."""
    place = tmp_path / "packages"
    facts = place / "odd-1.0.dist-info"
    facts.mkdir(parents=True)
    (place / "odd_models.py").write_text(MODELS)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    points = "".join(f"{name.lower()} = odd_models:{name}\n" for name in ("Raising", "Hanging", "Telling"))
    (facts / "entry_points.txt").write_text(f"[forecastkit.models]\n{points}")
    monkeypatch.setenv("PYTHONPATH", str(place))
    monkeypatch.setenv("HANGING", str(tmp_path / "child"))


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "runs.db")


@pytest.fixture
def desk(tmp_path: Path, memory: Memory) -> Callable[..., Desk]:
    """Write a jobs file with one job and take it; keys at the top go before its table."""

    def make(job: str, *, name: str = "night", top: str = "") -> Desk:
        file = tmp_path / "jobs.toml"
        file.write_text(f"{top}\n[jobs.{json.dumps(name)}]\n{job}\n", encoding="utf-8")
        return open_desks(file, memory)[0]

    return make


@pytest.fixture
def write_series(tmp_path: Path) -> Callable[..., np.ndarray]:
    """Write NAME.csv: a daily autoregression with a cycle, which turns to noise from `noise` on."""

    def write(
        name: str,
        seed: int,
        *,
        n: int = 160,
        noise: int | None = None,
        revise: dict[int, float] | None = None,
    ) -> np.ndarray:
        rng = np.random.default_rng(seed)
        shocks, values = rng.normal(size=n), np.zeros(n)
        for i in range(2, n):
            cycle = 1.6 * values[i - 1] - 0.9 * values[i - 2]
            values[i] = cycle + shocks[i] if i < (noise or n) else 5 * shocks[i]
        for i, change in (revise or {}).items():
            values[i] += change
        start = np.datetime64("2026-01-01")
        rows = "".join(f"{start + i},{value:.6f}\n" for i, value in enumerate(values))
        (tmp_path / f"{name}.csv").write_text(f"ds,y\n{rows}")
        return values

    return write


class Webhook(ThreadingHTTPServer):
    """Keeps what is posted to it; `answer` is the status of its replies."""

    daemon_threads = True

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.answers: list[int] = []
        super().__init__(("127.0.0.1", 0), _Post)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Post(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)
        status = self.server.answers.pop(0) if self.server.answers else 200
        if status == 200:
            self.server.received.append(json.loads(body))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"{self.server.url}/elsewhere")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


class Mailbox(socketserver.ThreadingTCPServer):
    """Keeps letters: (recipients, text). It knows neither encryption nor users."""

    daemon_threads = True

    def __init__(self) -> None:
        self.letters: list[tuple[list[str], str]] = []
        super().__init__(("127.0.0.1", 0), _Letter)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Letter(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        recipients: list[str] = []
        self.wfile.write(b"220 loopback\r\n")
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word == "RCPT":
                recipients.append(line.partition("<")[2].partition(">")[0])
            if word == "DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = list(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append((recipients, b"".join(lines).decode()))
            self.wfile.write(b"221 bye\r\n" if word == "QUIT" else b"250 fine\r\n")
            if word == "QUIT":
                return


def _serving(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    yield from _serving(Webhook())


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    yield from _serving(Mailbox())
