"""Tasks for worker processes; a module of its own, so that spawned processes can import it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field, replace

import numpy as np


def square(number: int) -> int:
    return number * number


def awkward(number: int) -> int:
    """Square, but raise at 13, kill the worker at 50, hang at 77."""
    if number == 13:
        raise ArithmeticError("unlucky")
    if number == 50:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    if number == 77:
        time.sleep(600)
    return number * number


def kill_once(path: str) -> str:
    """Kill the worker at the first call only."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "second call"
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    return "never"


def environment() -> tuple[int, str, str]:
    return os.getpid(), os.environ["OMP_NUM_THREADS"], os.environ["TF_NUM_INTRAOP_THREADS"]


def sleep_until(path: str) -> None:
    """Sign in with the process number, then sleep."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(str(os.getpid()))
    time.sleep(600)


@dataclass(frozen=True)
class Slow:
    """A model that says its fits are slow; they tell who made them."""

    name: str = "slow"
    kills_at: int = 0
    tame: str = ""
    pause: float = 0.0
    told: float = 10.0
    default_refit: int | None = 1
    level: float = 0.0
    facts: dict = field(default_factory=dict)

    def prepare(self, history, *, horizon, rng):
        return replace(self, level=float(rng.normal()))

    def expected_seconds(self, observations, horizon):
        return self.told

    def fit(self, history, *, horizon, rng):
        if len(history.values) == self.kills_at and not os.path.exists(self.tame):
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        time.sleep(self.pause)
        noise = self.level + float(rng.normal())
        return replace(self, level=noise, facts={"pid": os.getpid(), "level": noise})

    def forecast(self, history, horizon):
        return np.full(horizon, history.values.mean() + self.level)


@dataclass(frozen=True)
class Hungry(Slow):
    """Holds many bytes for a moment, at settling or at each fit."""

    name: str = "hungry"
    settling: int = 0
    fitting: int = 0
    moment: float = 0.1

    def prepare(self, history, *, horizon, rng):
        self._eat(self.settling)
        return super().prepare(history, horizon=horizon, rng=rng)

    def fit(self, history, *, horizon, rng):
        self._eat(self.fitting)
        return super().fit(history, horizon=horizon, rng=rng)

    def _eat(self, amount):
        eaten = np.ones(amount // 8)
        time.sleep(self.moment if amount else 0)
        del eaten
