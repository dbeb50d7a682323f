"""Forecasts: everything a backtest produced, as cubes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.arrays import Cube, Indices, Matrix, Vector
from forecastkit.models.protocol import Family
from forecastkit.runs.blocks import Block, Failure, Footprint, largest_footprint


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """Forecasts of M models from O origins at h = 1..H, with what came.

    Args:
        series: name of the series.
        models: names, shape (M,).
        families: what kind each model is.
        index: of the whole series, to date origins and targets.
        origins: shape (O,); the past of origin t is y[:t].
        step: observations between two origins.
        mean: shape (M, O, H), on the scored scale, the average over seeds; NaN where a model failed.
        actual: shape (O, H), on the scored scale.
        members: of seed ensembles, the single networks, shape (S, O, H).
        quantiles: of models that know their uncertainty, shape (O, H, Q) at levels `levels`; of seed
            ensembles the average over seeds, level by level.
        failures: one entry for each origin and seed at which a model did not answer.
        fit_seconds, forecast_seconds: by model, over all its seeds.
        facts: by model, what each of its fits tells about itself, in order of origin and seed.
        refits: by model, fits per seed.
        settings: what was asked.
        selection: by autoregression and network, what was chosen before the first origin: `configurations`
            tried, `seconds` that took, `until` which observation, and the `error` of forecasts there.
        run_id: names the run in its store, "" where it was not kept.
        footprints: by model, the memory of the process that did its fits and forecasts; models for which
            that was not measured are absent.
    """

    series: str
    models: tuple[str, ...]
    families: Mapping[str, Family]
    index: pd.Index
    origins: Indices
    step: int
    mean: Cube
    actual: Matrix
    members: Mapping[str, Cube]
    quantiles: Mapping[str, Cube]
    levels: tuple[float, ...]
    failures: tuple[Failure, ...]
    fit_seconds: Mapping[str, float]
    forecast_seconds: Mapping[str, float]
    facts: Mapping[str, tuple[Mapping[str, Any], ...]]
    refits: Mapping[str, int]
    settings: Mapping[str, Any] = field(default_factory=dict)
    run_id: str = ""
    selection: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    footprints: Mapping[str, Footprint] = field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"Forecasts({self.series!r}, models={', '.join(self.models)}; {len(self.origins)} origins, "
            f"horizon {self.horizon}, {len(self.failures)} failures)"
        )

    @property
    def horizon(self) -> int:
        """Steps ahead, H."""
        return self.actual.shape[1]

    def of(self, model: str) -> Matrix:
        """Forecasts of one model, shape (O, H)."""
        matrix: Matrix = self.mean[self.models.index(model)]
        return matrix

    def _repr_html_(self) -> str:
        return str(self.to_frame()._repr_html_())

    def to_frame(self) -> pd.DataFrame:
        """Long table: series, model, origin, cutoff, h, target_time, actual, mean; quantiles as q0.1."""
        m, o, h = self.mean.shape
        steps = np.tile(np.arange(1, h + 1), m * o)
        origins = np.tile(np.repeat(self.origins, h), m)
        return pd.DataFrame(
            {
                "series": self.series,
                "model": np.repeat(np.array(self.models, dtype=object), o * h),
                "origin": origins,
                "cutoff": self.index[origins - 1],
                "h": steps,
                "target_time": self.index[origins + steps - 1],
                "actual": np.tile(self.actual.ravel(), m),
                "mean": self.mean.ravel(),
                **{f"q{level:g}": column for level, column in self._quantile_columns()},
            }
        )

    def _quantile_columns(self) -> Iterator[tuple[float, Vector]]:
        """Quantiles of all models by level, NaN for models that have none."""
        none = np.full(self.actual.shape, np.nan)
        for i, level in enumerate(self.levels if self.quantiles else ()):
            columns = [self.quantiles[m][:, :, i] if m in self.quantiles else none for m in self.models]
            yield level, np.stack(columns).ravel()


def assemble(
    blocks: Sequence[Block],
    *,
    series: str,
    families: Mapping[str, Family],
    index: pd.Index,
    origins: Indices,
    step: int,
    actual: Matrix,
    levels: tuple[float, ...],
    settings: Mapping[str, Any],
    run_id: str = "",
) -> Forecasts:
    """Put finished blocks into cubes; models stand in the order of `families`.

    Quantiles of seeds are averaged level by level (Vincent 1912): the ensemble is as sharp as its members,
    and centred where the average of their forecasts is.
    """
    models = tuple(families)
    members: dict[str, Cube] = {}
    bands: dict[str, np.ndarray] = {}
    of: dict[str, list[Block]] = {model: [] for model in models}
    for block in sorted(blocks, key=lambda b: (b.seed, b.origins[0])):
        of[block.model].append(block)
    for model in models:
        seeds = 1 + max(block.seed for block in of[model])
        members[model] = np.full((seeds, *actual.shape), np.nan)
        for block in of[model]:
            rows = np.searchsorted(origins, block.origins)
            members[model][block.seed, rows] = block.mean
            if block.quantiles is not None:
                if model not in bands:
                    bands[model] = np.full((seeds, *actual.shape, len(levels)), np.nan)
                bands[model][block.seed, rows] = block.quantiles
    return Forecasts(
        series=series,
        models=models,
        families=dict(families),
        index=index,
        origins=origins,
        step=step,
        mean=np.stack([members[model].mean(axis=0) for model in models]),
        actual=actual,
        members={model: cube for model, cube in members.items() if len(cube) > 1},
        quantiles={model: cube.mean(axis=0) for model, cube in bands.items()},
        levels=levels,
        failures=tuple(failure for model in models for block in of[model] for failure in block.failures),
        fit_seconds={model: sum(block.fit_seconds for block in of[model]) for model in models},
        forecast_seconds={model: sum(block.forecast_seconds for block in of[model]) for model in models},
        facts={model: tuple(filter(None, map(_about_fit, of[model]))) for model in models},
        refits={model: len([block for block in of[model] if block.seed == 0]) for model in models},
        settings=dict(settings),
        run_id=run_id,
        selection={model: told for model in models if (told := _selection(of[model]))},
        footprints={model: found for model in models if (found := largest_footprint(of[model])) is not None},
    )


def _about_fit(block: Block) -> dict[str, Any]:
    return {key: value for key, value in block.facts.items() if key != "selection"}


def _selection(blocks: Sequence[Block]) -> dict[str, Any]:
    """What the first fits tell of the choices before them; the error is averaged over seeds."""
    told = [block.facts["selection"] for block in blocks if "selection" in block.facts]
    if not told:
        return {}
    errors = [one["error"] for one in told if one["error"] is not None]
    return {**told[0], "error": sum(errors) / len(errors) if errors else None}
