"""When jobs are due: each time once, whatever the clocks do; at most one run for what was missed."""

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.schedule.due import check_cron, due_time, last_time, missed_times, times_after

NEW_YORK = "America/New_York"
SPRING, AUTUMN = datetime(2027, 3, 14, tzinfo=UTC), datetime(2027, 11, 7, tzinfo=UTC)
CRONS = ["30 1 * * *", "30 2 * * *", "50 1 * * *", "15,45 1,2 * * *", "*/20 * * * *", "0 6 * * MON-FRI"]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cron", "night", "fired"),
    [
        ("30 1 * * *", SPRING, utc(2027, 3, 14, 6, 30)),  # 01:30 EST, before clocks jump
        ("30 2 * * *", SPRING, utc(2027, 3, 14, 7, 0)),  # 02:30 is skipped: 03:00 EDT
        ("30 1 * * *", AUTUMN, utc(2027, 11, 7, 5, 30)),  # 01:30 EDT, the first of two
        ("30 2 * * *", AUTUMN, utc(2027, 11, 7, 7, 30)),  # 02:30 EST
    ],
)
def test_a_night_job_fires_once_when_clocks_change(cron, night, fired):
    """Looked at every ten minutes from the day before, as a scheduler does."""
    now, served, runs = night - timedelta(hours=12), night - timedelta(hours=12), []
    while now < night + timedelta(hours=26):
        due = due_time(cron, NEW_YORK, served, now)
        if due is not None:
            runs.append(due)
            served = due
        now += timedelta(minutes=10)
    assert runs == [fired]


@given(
    st.sampled_from(CRONS),
    st.sampled_from([SPRING, AUTUMN]),
    st.integers(min_value=-24 * 60, max_value=36 * 60),
)
def test_next_and_last_agree_with_one_walk_through_time(cron, night, minutes):
    now = night + timedelta(minutes=minutes)
    walk = list(
        takewhile(lambda t: t < now + timedelta(days=6), times_after(cron, NEW_YORK, now - timedelta(days=6)))
    )
    assert walk == sorted(set(walk))
    assert next(times_after(cron, NEW_YORK, now)) == min(time for time in walk if time > now)
    assert last_time(cron, NEW_YORK, now) == max(time for time in walk if time <= now)


def test_times_are_local_times_of_the_zone():
    for zone in ("Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"):
        times = islice(times_after("30 6 * * *", zone, utc(2027, 1, 1)), 365)
        assert {(t.astimezone(ZoneInfo(zone)).hour, t.astimezone(ZoneInfo(zone)).minute) for t in times} == {
            (6, 30)
        }


def test_what_was_missed_is_caught_up_once():
    served, now = utc(2027, 1, 1, 6, 30), utc(2027, 1, 5, 12)
    due = due_time("30 6 * * *", "UTC", served, now)
    assert due == utc(2027, 1, 5, 6, 30)
    assert missed_times("30 6 * * *", "UTC", served, due) == 3
    assert due_time("30 6 * * *", "UTC", due, now) is None


def test_a_job_that_never_ran_is_due_at_once():
    assert due_time("30 6 * * *", "UTC", None, utc(2027, 1, 5)) == utc(2027, 1, 4, 6, 30)
    assert missed_times("30 6 * * *", "UTC", None, utc(2027, 1, 4, 6, 30)) == 0
    assert missed_times("* * * * *", "UTC", utc(2026, 1, 1), utc(2027, 1, 1)) == 99


@pytest.mark.parametrize(
    "text", ["", "* * * *", "0 0 * * * *", "60 * * * *", "x * * * *", "5-1 * * * *", "L/2 * * * *"]
)
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(ValueError, match=r"write five|no cron expression"):
        check_cron(text)
