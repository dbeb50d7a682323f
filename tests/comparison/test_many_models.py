"""Confidence sets and benchmarks: arch's numbers through the rules of the house."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.comparison.many_models import against_benchmark, confidence_set


@pytest.fixture(scope="module")
def losses(reference):
    table = np.array(reference("arch_multiple")["losses"])
    return {str(i): column for i, column in enumerate(table.T)}


@pytest.mark.parametrize("method", ["max", "R"])
def test_confidence_set_agrees_with_arch(method, losses, reference):
    known = reference("arch_multiple")[f"mcs_{method}"]
    found = confidence_set(losses, 8, method=method)
    sure = {name for name, p in known["pvalues"].items() if abs(p - 0.1) > 0.03}
    assert sure >= {"0", "4", "5"}
    for name in sure:
        assert (name in found.included) == (int(name) in known["included"])
    for name, p in known["pvalues"].items():
        assert found.p_values[name] == pytest.approx(p, abs=0.03)
    assert (found.method, found.block) == (method, 8)


def test_benchmark_agrees_with_arch(losses, reference):
    known = reference("arch_multiple")
    found = against_benchmark(losses, "0", 8)
    assert found.p_value == pytest.approx(known["spa"]["pvalues"]["consistent"], abs=0.03)
    assert found.better == tuple(known["stepm_superior"]) == ()
    assert against_benchmark(losses, "4", 8).better != ()


def test_twins_are_told_and_kept_once(losses):
    found = confidence_set({**losses, "twin": losses["0"]}, 8)
    assert found.same == {"twin": "0"}
    assert "twin" not in found.included + found.excluded


def test_nothing_to_compare(losses):
    few = {name: loss[:40] for name, loss in losses.items()}
    assert confidence_set(few, 8).reason == "not enough origins: 40, and 50 are needed"
    alone = {"a": losses["0"], "b": losses["0"].copy()}
    assert confidence_set(alone, 1).reason == "all models have the same losses"
    assert against_benchmark(alone, "a", 1).reason == "no model differs"
    assert against_benchmark(few, "0", 24).reason.startswith("not enough origins: 40 in blocks of")
