"""How often a source is asked again, after how long, and by one process at a time."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from forecastkit.errors import LockedError, PlanError, RateLimitedError, ReportError

_one_in_flight = threading.Lock()


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and after how long, a source is asked again.

    Args:
        tries: requests in all, 1 or more.
        wait: seconds before the second try when the source is down; doubled before every further one.
        wait_limited: the same when the source has had too many requests.
        longest: seconds that no wait exceeds.
        jitter: share by which every wait is lengthened at random at most, so that clients spread out.
        timeout: seconds for one request.
        queue: seconds to wait while another process is asking.
    """

    tries: int = 4
    wait: float = 2.0
    wait_limited: float = 20.0
    longest: float = 120.0
    jitter: float = 0.5
    timeout: float = 10.0
    queue: float = 600.0

    @classmethod
    def from_environment(cls) -> Patience:
        """Take FORECASTKIT_TRIES, and FORECASTKIT_BACKOFF, by which every wait is multiplied (0: no waiting).

        Raises:
            PlanError: one of them is no number, or below its least value.
        """
        tries = _setting("FORECASTKIT_TRIES", str(cls().tries), least=1)
        factor = _setting("FORECASTKIT_BACKOFF", "1", least=0)
        base = cls()
        return cls(tries=int(tries), wait=base.wait * factor, wait_limited=base.wait_limited * factor)

    def seconds(self, attempt: int, error: BaseException | None) -> float:
        """How long to wait after this many tries, the last of which ended with `error`."""
        first = self.wait_limited if isinstance(error, RateLimitedError) else self.wait
        return min(first * 2.0 ** (attempt - 1), self.longest) * (1 + self.jitter * random.random())


@contextmanager
def one_at_a_time(folder: Path, patience: Patience) -> Iterator[None]:
    """Keep all other threads and processes of this user from asking meanwhile.

    Raises:
        LockedError: another has been asking for too long.
        ReportError: the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    with _one_in_flight:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held = FileLock(folder / "yahoo.lock", timeout=patience.queue)
            held.acquire()
        except Timeout as error:
            raise LockedError(
                f"Another process has been fetching for more than {patience.queue:.0f} s. Wait for it to end."
            ) from error
        except OSError as error:
            raise ReportError(
                f"The cache {str(folder)!r} cannot be written ({error.strerror or error}). Make room and "
                "permissions, or set FORECASTKIT_CACHE to another folder."
            ) from error
        try:
            yield
        finally:
            held.release()


def _setting(name: str, default: str, *, least: float) -> float:
    text = os.environ.get(name) or default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not value >= least:
        raise PlanError(
            f"The environment variable {name} is {text!r}. Set it to a number of at least {least:g}."
        )
    return value
