"""Learning written as generators: they ask for trainings, which are then done alone or many at once.

What asks for a training is suspended until it is done, so that learners of many series can wait for each
other, and trainings of one shape can share a stack.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

import numpy as np

from forecastkit.arrays import Cube, Matrix
from forecastkit.errors import ForecastKitError
from forecastkit.models.networks.device import CPU, Device, network_loop
from forecastkit.models.networks.spec import NetworkSpec, Schedule
from forecastkit.models.networks.training import Training
from forecastkit.models.networks.weights import Weights

SMALL = 2048
"""Units times batch up to which training networks together pays.

A step of a network among sixteen took a quarter of its time alone at 512, 0.4 at 1,024, 0.6 at 2,048, 0.9 at
4,096 and as long at 8,192 (`tests/benchmarks/network_speed.py`, part `rule`). From 4,096 on the gain is less
than what a stack loses by training on until its last network stops.
"""
STACK = 16
"""Networks trained together; fewer are filled up with copies, so that none depends on what stands beside it.

A multiple of the 8 or 16 numbers that a processor adds at once: otherwise the last ones of a stack would be
added by another kernel, and bits would depend on the place.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """A training that is asked for.

    Args:
        spec: of the network.
        device: "auto", "cpu" or "gpu".
        train: inputs (N, steps, channels) and targets (N, horizon).
        stop: the same of the block that ends the training.
        schedule: epochs, patience and rate.
        rng: of this training alone.
        weights: to start from, None for fresh ones.
    """

    spec: NetworkSpec
    device: Device
    train: tuple[Cube, Matrix]
    stop: tuple[Cube, Matrix]
    schedule: Schedule
    rng: np.random.Generator
    weights: Weights | None = None


T = TypeVar("T")
Learner: TypeAlias = Generator[Lesson, Training, T]


def learn(learner: Learner[T]) -> T:
    """Do each training that a learner asks for, and give what it comes to."""
    try:
        lesson = next(learner)
        while True:
            loop = network_loop(lesson.spec, lesson.device)
            training = loop.fit(lesson.train, lesson.stop, lesson.schedule, lesson.rng, lesson.weights)
            lesson = learner.send(training)
    except StopIteration as end:
        result: T = end.value
        return result


def learn_together(learners: Iterable[Learner[T]]) -> Iterator[tuple[int, T | ForecastKitError]]:
    """Do trainings of equal small networks together, as soon as there are enough, and the others alone.

    Args:
        learners: begun one after the other, as their turn comes.

    Returns:
        place and result of each learner as it ends; the error of one that failed, which costs no other.
    """
    waiting: dict[tuple[object, ...], list[tuple[int, Learner[T], Lesson]]] = {}
    for place, learner in enumerate(learners):
        yield from _go_on(waiting, place, learner, None)
    while waiting:
        yield from _train(waiting, next(iter(waiting)))


def stack_of(spec: NetworkSpec, device: Device = "auto") -> int:
    """How many networks of a shape are trained together: decided by shape and device alone."""
    small = spec.units * spec.batch <= SMALL
    return STACK if small and network_loop(spec, device).processor == CPU else 1


def _go_on(
    waiting: dict[tuple[object, ...], list[tuple[int, Learner[T], Lesson]]],
    place: int,
    learner: Learner[T],
    answer: Training | ForecastKitError | None,
) -> Iterator[tuple[int, T | ForecastKitError]]:
    """Hand a learner its training, and put the next one that it asks for beside its like."""
    try:
        if isinstance(answer, ForecastKitError):
            lesson = learner.throw(answer)
        else:
            lesson = next(learner) if answer is None else learner.send(answer)
    except StopIteration as end:
        yield place, end.value
    except ForecastKitError as error:
        yield place, error
    else:
        sizes = len(lesson.train[1]), len(lesson.stop[1])
        key = (lesson.spec, lesson.device, lesson.schedule, sizes, lesson.weights is None)
        alike = waiting.setdefault(key, [])
        alike.append((place, learner, lesson))
        if len(alike) == stack_of(lesson.spec, lesson.device):
            yield from _train(waiting, key)


def _train(
    waiting: dict[tuple[object, ...], list[tuple[int, Learner[T], Lesson]]], key: tuple[object, ...]
) -> Iterator[tuple[int, T | ForecastKitError]]:
    """Train what waits under a key together, and let its learners go on."""
    alike = waiting.pop(key)
    lessons = [lesson for _, _, lesson in alike]
    for (place, learner, _), answer in zip(alike, _answers(lessons), strict=True):
        yield from _go_on(waiting, place, learner, answer)


def _answers(lessons: list[Lesson]) -> list[Training | ForecastKitError]:
    """Train lessons of one shape together."""
    first = lessons[0]
    size = stack_of(first.spec, first.device)
    copy = replace(lessons[-1], rng=np.random.default_rng(0))
    filled = lessons + [copy] * (size - len(lessons))
    given = [lesson.weights for lesson in filled]
    loop = network_loop(first.spec, first.device, size)
    answers: list[Training | ForecastKitError] = loop.fit_many(
        [lesson.train for lesson in filled],
        [lesson.stop for lesson in filled],
        first.schedule,
        [lesson.rng for lesson in filled],
        None if first.weights is None else given,
    )
    return answers[: len(lessons)]
