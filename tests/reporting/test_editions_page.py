"""The index of all runs: inert names, trend lines, and 500 runs that stay usable."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from forecastkit.reporting.editions_page import Listed, index_page, trend_line

NASTY = "\"><script>alert(1)</script> & '..'/"


def run(i: int, code: int | None = 0, horizon: int | None = 5, name: str = "oil") -> Listed:
    month, day = 12 - i // 28 % 12, 28 - i % 28
    horizons = {name: {"ar": horizon}} if code in (0, 5) else {}
    return Listed(f"{2027 - i // 336}-{month:02d}-{day:02d} 06:30", f"runs/{i}", code, f"Run {i}.", horizons)


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_every_run_is_listed_and_linked_once():
    tags = Tags(index_page("night", "daily", [run(i) for i in range(500)])).tags
    links = [attrs["href"] for tag, attrs in tags if tag == "a"]
    assert links[0] == "runs/0/index.html"  # the newest report
    assert sorted(links[1:]) == sorted(f"runs/{i}/index.html" for i in range(500))


def test_five_hundred_runs_are_folded_by_month_and_small():
    page = index_page("night", "daily", [run(i, code=5 if i == 40 else 0) for i in range(500)])
    assert len(page) < 200_000
    assert page.count("<summary>") == 17
    assert "2027-11: 26 runs, one not good" not in page
    assert "<summary>2027-11: 26 runs, 1 not good</summary>" in page
    assert page.index("Run 29.") < page.index("<details>") < page.index("Run 30.")


def test_what_went_wrong_is_said_in_words():
    page = index_page("night", "daily", [run(i, code) for i, code in enumerate((5, 4, 3, 1, None))])
    for word in ("gate tripped", "a model failed", "data missing", "failed", "cut off"):
        assert f'<td class="w bad">{word}</td>' in page
    assert "5 runs, 0 of them good." in page


def test_names_are_inert_in_the_page():
    tags = Tags(index_page(NASTY, NASTY, [run(0, name=NASTY)])).tags
    assert "script" not in {tag for tag, _ in tags}
    assert not any(name.startswith("on") for _, attrs in tags for name in attrs)


def test_before_the_first_run_there_is_a_page():
    assert "No run yet." in index_page("night", "daily", [])


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ([0, 4, 2], "M0.0 30.0L110.0 2.0L220.0 16.0"),
        ([2, None, 2], "M0.0 2.0M220.0 2.0"),
        ([3], "M0.0 2.0h0"),
        ([None], ""),
        ([0, 0], "M0.0 30.0L220.0 30.0"),
    ],
)
def test_trend_lines(values, path):
    assert re.search(r'd="([^"]*)"', trend_line(values))[1] == path
