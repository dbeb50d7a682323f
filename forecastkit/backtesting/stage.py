"""Where the fit at work is: its seed, origin and epoch, for a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from forecastkit.pulse import Hear, heard_by

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with a model's name, its fits done and its fits in all.

Where it has a method `within(model, stage)` too, that is called with a `Stage` while a fit is at work.
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A fit at work; printing it gives the words.

    Args:
        member: its seed, counted from 1; 0 while a shape is chosen, once for all seeds.
        members: seeds in all.
        origin: position where it is made, 0 before the first.
        epoch: epochs done, `epochs` at most; 0 for models that have none.

    Example:
        >>> print(Stage(2, 5, 240, 13, 40))
        seed 2 of 5, origin 240, epoch 13 of 40
    """

    member: int
    members: int
    origin: int = 0
    epoch: int = 0
    epochs: int = 0

    def __str__(self) -> str:
        seed = f"seed {self.member} of {self.members}" if self.members > 1 else ""
        origin = f"origin {self.origin}" if self.origin else ""
        epoch = f"epoch {self.epoch} of {self.epochs}" if self.epochs else ""
        return ", ".join(filter(None, [seed if self.member else "choosing its settings", origin, epoch]))


def hearing(progress: Progress | None, model: str, member: int, members: int) -> Hear | None:
    """Give what hands the pulse of a fit on to a progress that wants to know; None where none does."""
    within: Callable[[str, Stage], None] | None = getattr(progress, "within", None)
    if within is None:
        return None
    return lambda *told: within(model, Stage(member, members, *told))


@contextmanager
def watched(progress: Progress | None, model: str, member: int, members: int) -> Iterator[None]:
    """Tell a progress where a fit in this process is."""
    hear = hearing(progress, model, member, members)
    if hear is None:
        yield
        return
    with heard_by(hear):
        yield
