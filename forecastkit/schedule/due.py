"""When a job is due: cron times in a time zone, each exactly once when clocks change.

A time that clocks skip fires as soon as they have jumped, a time that they repeat fires the first time round
(cron expressions whose minute or hour begins with * run on through every hour of the clock). All moments that
go in or come out are in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import dropwhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError

from forecastkit.errors import nearest

FIELDS = 5
CLOCK_CHANGE = timedelta(hours=3)
"""More than clocks jump. Around a jump cronsim may begin too late or name a time that has passed."""


def check_cron(text: str) -> str:
    """Refuse what is no cron expression of five fields.

    Raises:
        ValueError: says what is wrong.

    Example:
        >>> check_cron("30 6 * * MON-FRI")
        '30 6 * * MON-FRI'
    """
    if len(text.split()) != FIELDS:
        raise ValueError(
            f"{text!r} has {len(text.split())} fields; write five: minute, hour, day, month, weekday, as in "
            "'30 6 * * MON-FRI'"
        )
    try:
        next(CronSim(text, datetime(2024, 1, 1, tzinfo=UTC)))
    except (CronSimError, AssertionError) as error:
        raise ValueError(f"{text!r} is no cron expression ({str(error) or 'bad step'})") from error
    except StopIteration as error:
        raise ValueError(f"{text!r} never comes") from error
    return text


def check_time_zone(name: str) -> str:
    """Refuse what is no time zone of the IANA database.

    Raises:
        ValueError: names the nearest.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name!r}. {_nearest_zone(name)}") from error
    return name


def _nearest_zone(name: str) -> str:
    zones = available_timezones()
    told = nearest(name, zones)
    return told if told.startswith("Did") else "Write it as in Europe/Berlin or UTC."


def times_after(cron: str, time_zone: str, moment: datetime) -> Iterator[datetime]:
    """Every time of a cron expression after a moment, in UTC.

    Example:
        >>> next(times_after("30 2 * * *", "America/New_York", datetime(2027, 3, 14, tzinfo=UTC)))
        datetime.datetime(2027, 3, 14, 7, 0, tzinfo=datetime.timezone.utc)
    """
    start = (moment - CLOCK_CHANGE).astimezone(ZoneInfo(time_zone))
    times = (time.astimezone(UTC) for time in CronSim(cron, start))
    return dropwhile(lambda time: time <= moment, times)


def last_time(cron: str, time_zone: str, moment: datetime) -> datetime | None:
    """The last time of a cron expression up to a moment, in UTC; None where there was none for 50 years."""
    start = (moment + CLOCK_CHANGE).astimezone(ZoneInfo(time_zone))
    times = (time.astimezone(UTC) for time in CronSim(cron, start, reverse=True))
    return next(dropwhile(lambda time: time > moment, times), None)


def due_time(cron: str, time_zone: str, served: datetime | None, now: datetime) -> datetime | None:
    """The time for which a job has to run now, or None: of several that were missed, the last one.

    Args:
        cron, time_zone: when the job runs.
        served: the last time for which it has run, None where it never has; then it is due at once.
        now: the moment.
    """
    last = last_time(cron, time_zone, now)
    return last if last is not None and (served is None or served < last) else None


def missed_times(cron: str, time_zone: str, served: datetime | None, scheduled: datetime) -> int:
    """Count the times between the last that was served and the one that is served now, up to 99."""
    if served is None:
        return 0
    missed = 0
    for time in times_after(cron, time_zone, served):
        if time >= scheduled or missed == 99:
            break
        missed += 1
    return missed
