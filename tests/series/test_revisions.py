"""What a later edition changed in the past."""

import math

from hypothesis import given
from hypothesis import strategies as st

from forecastkit.series.revisions import revised


def dated(first: int, values: list[float]) -> dict[str, float]:
    return {f"{first + i}": value for i, value in enumerate(values)}


def test_changed_gone_new_and_added_by_hand():
    old = {"Jan": 1.0, "Feb": 2.0, "Mar": 3.0, "Apr": 4.0}
    new = {"Jan": 1.0, "Febb": 9.0, "Mar": 3.5, "Apr": 4.25, "May": 5.0}
    found = revised(old, new)
    assert (found.changed, found.removed, found.inserted, found.added) == (2, 1, 1, 1)
    assert found.dates == ("Feb", "Febb", "Mar", "Apr")
    assert (found.largest, found.largest_at, found.first, found.count) == (0.5, "Mar", "Feb", 4)


def test_a_window_that_moves_forward_revises_nothing():
    found = revised(dated(0, [1.0, 2.0, 3.0]), dated(1, [2.0, 3.0, 4.0]))
    assert (found.count, found.dates, found.added) == (0, (), 1)


def test_last_values_that_are_gone_are_named():
    found = revised(dated(0, [1.0, 2.0, 3.0]), dated(0, [1.0]))
    assert (found.removed, found.dates, found.added) == (2, ("1", "2"), 0)


def test_missing_values_equal_each_other_only():
    assert revised({"a": math.nan}, {"a": math.nan}).count == 0
    found = revised({"a": 1.0, "b": 2.0}, {"a": math.nan, "b": 2.0})
    assert (found.changed, found.dates, found.largest) == (1, ("a",), 0.0)


def test_nothing_in_common():
    found = revised({"a": 1.0}, {"b": 1.0})
    assert (found.removed, found.added, found.changed) == (1, 1, 0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), st.data())
def test_every_change_is_counted_and_the_first_is_named(values, data):
    places = data.draw(st.sets(st.integers(0, len(values) - 1)))
    old = dated(0, values)
    new = {date: value + (1 if int(date) in places else 0) for date, value in old.items()}
    found = revised(old, new)
    assert found.changed == len(places)
    assert found.first == ("" if not places else str(min(places)))
