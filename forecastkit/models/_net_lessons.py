"""What a network is trained, stopped and guarded on: inputs, and the scaled errors of a base path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from forecastkit.arrays import Cube, Indices, Matrix, Vector
from forecastkit.models._net_bases import AutoregressivePath, Base, choose_repeat, is_stationary
from forecastkit.models._net_shapes import Shape
from forecastkit.models._net_view import CLIP, View, robust_size
from forecastkit.models._net_windows import Seen, Split, level_of, targets_of
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.protocol import History


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Windows of one block.

    Args:
        inputs: of the network, shape (N, steps, channels).
        linear: of the last layer beside the hidden state, shape (N, F).
        targets: errors of the base in units of `Frame.scale`, cut off at CLIP, shape (N, H); NaN beyond the
            end of the past.
    """

    inputs: Cube
    linear: Matrix
    targets: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """All that turns a window into an input and an output into a path, from the training block alone.

    Args:
        base: whose path is corrected.
        view: of the windows.
        scale: size of the base's errors in training by h, shape (H,).
    """

    base: Base
    view: View
    scale: Vector

    @property
    def past(self) -> int:
        """Past levels that a forecast needs."""
        return max(self.view.lookback, self.base.reach)

    def block(self, history: History, origins: Indices, paths: Matrix) -> Block:
        """Windows that end at origins inside a past, beside the base's paths from there."""
        horizon = len(self.scale)
        seen = Seen.inside(history, origins, self.view.lookback, horizon)
        errors = (targets_of(level_of(history), origins, horizon) - paths) / self.scale
        return Block(self.view.inputs(seen), self.view.linear(seen), np.clip(errors, -CLIP, CLIP))


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Windows in order of time, with their frame and origins.

    Args:
        split: origins of the three blocks.
        frame: base, view and scales.
        train: windows that train.
        later: all windows after them, up to the last value; among them those that stop and guard.
    """

    split: Split
    frame: Frame
    train: Block
    later: Block

    @property
    def rows(self) -> tuple[slice, slice]:
        """Where in `later` the windows that stop and those that guard stand."""
        first = int(self.split.train[-1]) + 1
        stop, guard = (
            slice(int(origins[0]) - first, int(origins[-1]) + 1 - first)
            for origins in (self.split.stop, self.split.guard)
        )
        return stop, guard

    @classmethod
    def of(
        cls,
        history: History,
        horizon: int,
        shape: Shape,
        *,
        level_visible: bool,
        autoregression: Autoregression | None,
    ) -> Lessons:
        """Cut a past into lessons."""
        split = Split.of(len(level_of(history)), past_of(shape, history), horizon)
        base: Base
        if autoregression is None:
            base = choose_repeat(history, split, horizon, drawn=level_visible and is_stationary(history))
        else:
            base = AutoregressivePath(autoregression, train_until=int(split.train[-1]) + horizon)
        origins = split.train, np.arange(split.train[-1] + 1, len(level_of(history)))
        paths = [base.inside(history, own, horizon, training=own is split.train) for own in origins]
        errors = targets_of(level_of(history), split.train, horizon) - paths[0]
        seen = Seen.inside(history, split.train, shape.lookback, horizon)
        frame = Frame(
            base,
            View.fit(seen, history.period, fold=shape.fold, level_visible=level_visible, log=shape.log),
            np.array([robust_size(column) for column in errors.T]),
        )
        train, later = (frame.block(history, *pair) for pair in zip(origins, paths, strict=True))
        return cls(split, frame, train, later)

    def guarded_error(self, history: History, corrections: Matrix) -> float:
        """Squared error in the guard's block over that of the last value, geometric mean over h."""
        level, origins = level_of(history), self.split.guard
        moves = targets_of(level, origins, len(self.frame.scale)) - level[origins - 1][:, None]
        naive = np.mean(np.clip(moves / self.frame.scale, -CLIP, CLIP) ** 2, axis=0)
        ours = np.mean((self.later.targets[self.rows[1]] - corrections) ** 2, axis=0)
        return float(np.exp(np.mean(np.log(np.maximum(ours, 1e-300) / np.maximum(naive, 1e-300)))))

    def facts(self, history: History) -> dict[str, Any]:
        """What was learned from, positions counted in the series."""
        shift, view = history.start - int(history.changes), self.frame.view
        return {
            "lookback": view.lookback,
            "steps": view.steps,
            "base": self.frame.base.name,
            "level_visible": view.level_visible,
            "log": view.log,
            "windows": len(self.split.train),
            "validation_windows": len(self.split.stop),
            "guard_windows": len(self.split.guard),
            "train_until": shift + int(self.split.train[-1]) + len(self.frame.scale),
            "validation_from": shift + int(self.split.stop[0]),
            "fitted_until": history.start + len(history.values),
        }


def past_of(shape: Shape, history: History) -> int:
    """Past levels that a window and every base need."""
    return max(shape.lookback, 1 if history.period == 1 else history.period + 1)
