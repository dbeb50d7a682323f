"""Bundled series: complete, described, and verified by checksum."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from forecastkit.errors import DataError, DatasetNotFoundError
from forecastkit.sources import catalog

LENGTHS = {
    "sunspots": 309,
    "co2": 452,
    "wti": 8319,
    "nile": 100,
    "elnino": 732,
    "electrical-equipment": 257,
    "us-gdp": 203,
    "us-consumption": 203,
    "us-unemployment": 203,
    "us-tbill": 203,
    "us-cpi": 203,
    "us-core-cpi": 743,
    "brent": 393,
}


def test_the_catalogue_holds_these():
    assert {name: dataset.name for name, dataset in catalog.list_datasets().items()} == {
        name: name for name in LENGTHS
    }


@pytest.mark.parametrize("name", LENGTHS)
def test_series_is_as_described(name):
    dataset, series = catalog.find_dataset(name), catalog.load_dataset(name)
    assert len(series) == LENGTHS[name]
    assert (series.name, series.unit, series.period) == (name, dataset.unit, dataset.period)
    assert (series.spacing, series.frequency.split("-")[0]) == (dataset.spacing, dataset.frequency)
    assert min(map(len, (dataset.title, dataset.source, dataset.licence, dataset.unit))) > 0


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("sunspots", ("1700-01-01", 5.0), ("2008-01-01", 2.9)),
        ("co2", ("1964-05-01", 322.0), ("2001-12-01", 371.02)),
        ("wti", ("1986-01-02", 25.56), ("2018-12-28", 45.15)),
        ("nile", ("1871-01-01", 1120.0), ("1970-01-01", 740.0)),
        ("elnino", ("1950-01-01", 23.11), ("2010-12-01", 22.07)),
        ("us-unemployment", ("1959-01-01", 5.8), ("2009-07-01", 9.6)),
        ("brent", ("1987-05-01", 18.58), ("2020-01-01", 63.83)),
    ],
)
def test_ends_of_the_series(name, first, last):
    series = catalog.load_dataset(name)
    for position, (date, value) in ((0, first), (-1, last)):
        assert str(series.index[position].date()) == date
        assert series.values[position] == pytest.approx(value, abs=1e-9)


def test_a_changed_file_is_refused(tmp_path, monkeypatch):
    copy = tmp_path / "datasets"
    shutil.copytree(Path(str(catalog.folder())), copy)
    monkeypatch.setattr(catalog, "folder", lambda: copy)
    assert len(catalog.load_dataset("sunspots")) == 309
    with (copy / "sunspots.csv").open("a", encoding="utf-8") as file:
        file.write("2009-01-01,3.1\n")
    with pytest.raises(
        DataError, match=r"sunspots\.csv has checksum \w{12}\.\.\., the catalogue says cde7e6a3709c"
    ):
        catalog.load_dataset("sunspots")


def test_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(DatasetNotFoundError) as caught:
        catalog.find_dataset("sunspot")
    assert (
        str(caught.value)
        == "There is no file or dataset 'sunspot'. Did you mean sunspots or us-unemployment?"
    )


@pytest.mark.parametrize("name", LENGTHS)
def test_every_series_has_its_entry_in_the_readme(name):
    text = (Path(__file__).resolve().parents[2] / "datasets/README.md").read_text(encoding="utf-8")
    entry = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert all(f"- {word}: " in entry for word in ("What", "Covers", "Unit", "Source", "Licence", "Made by"))
