"""How far a running call is: told from inside it, heard by whoever called it, in this process or another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

Hear: TypeAlias = Callable[[int, int, int], None]
"""Called with the origin of the fit at work (0 before the first), its epochs done, and its epochs in all."""
Board: TypeAlias = Any
"""Three whole numbers in memory that two processes share: one writes, the other looks when it likes."""
_hears: list[Hear] = []
_origin = 0


def tell_origin(origin: int) -> None:
    """Say that a fit begins, and where; costs nothing where nobody listens."""
    global _origin
    _origin = origin
    if _hears:
        _hears[-1](origin, 0, 0)


def tell_epoch(epoch: int, epochs: int) -> None:
    """Say that the fit at work has done so many epochs, of so many at most."""
    if _hears:
        _hears[-1](_origin, epoch, epochs)


@contextmanager
def heard_by(hear: Hear) -> Iterator[None]:
    """Hear what is told meanwhile; what `hear` raises ends the call."""
    _hears.append(hear)
    try:
        tell_origin(0)
        yield
    finally:
        _hears.remove(hear)


def make_board(context: Any) -> Board:
    """Make a board that processes of a multiprocessing context can be given when they start."""
    return context.RawArray("q", 3)


def write_on(board: Board) -> None:
    """Let all that is told in this process be written on a board from now on."""

    def write(*told: int) -> None:
        board[:] = told

    _hears.append(write)


def wipe(board: Board) -> None:
    """Forget what an earlier call has written."""
    board[:] = (0, 0, 0)


def read_from(board: Board) -> tuple[int, int, int]:
    """Look at a board."""
    origin, epoch, epochs = board[:]
    return origin, epoch, epochs
