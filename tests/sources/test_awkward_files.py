"""Awkward but legal files: read right, or refused with the remedy; none is guessed wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import DataError, IrregularIndexError, MissingValuesError, PlanError
from forecastkit.sources.files import read_file

HOURS = pd.date_range("2024-10-26 22:00", periods=6, freq="h", tz="Europe/Berlin")


@pytest.fixture
def file(tmp_path):
    def write(text, name="table.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def days(series):
    return [str(day.date()) for day in series.index]


class TestReadRight:
    def test_semicolons_and_decimal_commas(self, file):
        series = read_file(
            file("Datum;Wert\n2024-01-01;1,5\n2024-01-02;2,25\n2024-01-03;3,0\n"), date_column="Datum"
        )
        assert (series.values.tolist(), series.period) == ([1.5, 2.25, 3.0], 7)

    def test_tabs(self, file):
        assert read_file(file("ds\ty\n2024-01-01\t1,5\n2024-01-02\t2\n", "t.tsv")).values.tolist() == [
            1.5,
            2.0,
        ]

    def test_byte_order_marks(self, file):
        for encoding in ("utf-8-sig", "utf-16"):
            series = read_file(file("ds;y\n2024-01-01;1\n2024-01-02;2\n", encoding=encoding))
            assert series.values.tolist() == [1.0, 2.0]

    def test_day_first_where_only_that_fits(self, file):
        series = read_file(file("date,y\n30/01/2024,1\n31/01/2024,2\n01/02/2024,3\n"))
        assert days(series) == ["2024-01-30", "2024-01-31", "2024-02-01"]

    def test_month_first_where_only_that_fits(self, file):
        series = read_file(file("date,y\n01/30/2024 14:00,1\n01/31/2024 14:00,2\n02/01/2024 14:00,3\n"))
        assert [str(t) for t in series.index[:2]] == ["2024-01-30 14:00:00", "2024-01-31 14:00:00"]

    def test_offsets_over_a_clock_change(self, file):
        text = "ds,y\n" + "".join(f"{t.isoformat()},{i}\n" for i, t in enumerate(HOURS))
        utc, local = read_file(file(text)), read_file(file(text), time_zone="Europe/Berlin")
        assert str(utc.index.tz) == "UTC"
        assert "read as UTC" in utc.source["read"][0]
        assert local.index.equals(HOURS)
        assert (local.frequency, local.period) == ("h", 24)

    def test_clock_times_over_a_clock_change(self, file):
        text = "ds,y\n" + "".join(f"{t.tz_localize(None)},{i}\n" for i, t in enumerate(HOURS))
        with pytest.raises(IrregularIndexError, match="has 1 duplicate dates"):
            read_file(file(text))
        assert read_file(file(text), time_zone="Europe/Berlin").index.equals(HOURS)

    def test_one_offset_is_kept(self, file):
        series = read_file(file("ds,y\n2024-01-01T00:00+05:30,1\n2024-01-01T01:00+05:30,2\n"))
        assert series.index[0].utcoffset() == pd.Timedelta(hours=5.5)

    @pytest.mark.parametrize("texts", [["2023Q4", "2024Q1", "2024Q2"], ["Q4 2023", "Q1 2024", "Q2 2024"]])
    def test_quarters(self, file, texts):
        series = read_file(file("quarter,y\n" + "".join(f"{q},{i}\n" for i, q in enumerate(texts))))
        assert [str(q) for q in series.index] == ["2023Q4", "2024Q1", "2024Q2"]
        assert series.period == 4

    def test_weeks_and_month_names(self, file):
        weeks = read_file(file("ds,y\n2024-W01,1\n2024-W02,2\n2024-W03,3\n"))
        months = read_file(file("ds,y\nJan 2024,1\nFeb 2024,2\nMar 2024,3\n"))
        assert days(weeks) == ["2024-01-01", "2024-01-08", "2024-01-15"]
        assert (days(months)[1], months.period) == ("2024-02-01", 12)

    def test_eight_digits_are_days(self, file):
        assert days(read_file(file("ds,y\n20240131,1\n20240201,2\n"))) == ["2024-01-31", "2024-02-01"]

    def test_seconds_since_1970_once_stated(self, file):
        path = file("time,y\n1704067200,1\n1704070800,2\n1704074400,3\n")
        with pytest.raises(DataError, match="10 digits such as 1704067200: a date, seconds since 1970"):
            read_file(path)
        assert str(read_file(path, date_format="unix").index[1]) == "2024-01-01 01:00:00+00:00"

    def test_thousands(self, file):
        english = read_file(file('ds,y\n2024-01-01,"1,234.5"\n2024-01-02,"12,345,678.0"\n'))
        german = read_file(file("ds;y\n2024-01-01;1.234,5\n2024-01-02;12.345.678,0\n"))
        assert english.values.tolist() == german.values.tolist() == [1234.5, 12345678.0]

    def test_newest_first_is_turned_round_and_told(self, file):
        series = read_file(file("ds,y\n2024-01-03,3\n2024-01-02,2\n2024-01-01,1\n"))
        assert series.values.tolist() == [1.0, 2.0, 3.0]
        assert series.source["read"] == ["rows stood newest first and were turned round"]

    def test_comments_before_the_header(self, file):
        assert (
            read_file(file("# source: nobody\n# unit: K\nds,y\n2024-01-01,1\n2024-01-02,2\n")).values[1]
            == 2.0
        )

    def test_one_series_of_a_long_table(self, file):
        path = file(
            "unique_id,ds,y,extra\nA,2024-01-01,1,9\nA,2024-01-02,2,9\nB,2024-01-01,5,9\nB,2024-01-02,6,9\n"
        )
        with pytest.raises(DataError, match=r"holds 2 series: A, B\. Name one with --series"):
            read_file(path)
        series = read_file(path, series="B")
        assert (series.name, series.values.tolist()) == ("B", [5.0, 6.0])
        with pytest.raises(DataError, match=r"has no series 'C'"):
            read_file(path, series="C")

    def test_numbers_that_turn_awkward_late(self, file):
        """The first 64 kB are plain; what comes later is read or refused as text."""
        head = "y\n" + "".join(f"{i}.5\n" for i in range(20_000))
        with pytest.raises(DataError, match=r"first is '7 USD' in data row 20001"):
            read_file(file(head + "7 USD\n"))


class TestRefused:
    def test_day_and_month_that_fit_both_ways(self, file):
        path = file("date,y\n01/02/2024,1\n02/02/2024,2\n03/02/2024,3\n")
        with pytest.raises(DataError, match=r"can be read in two ways.*'%d/%m/%Y' or '%m/%d/%Y'"):
            read_file(path)
        assert days(read_file(path, date_format="%d/%m/%Y"))[0] == "2024-02-01"

    def test_years_of_two_digits(self, file):
        with pytest.raises(DataError, match="another order or century"):
            read_file(file("date,y\n31.12.99,1\n01.01.00,2\n"))

    @pytest.mark.parametrize(
        "text",
        ["ds;y\n2024-01-01;1.234\n2024-01-02;5.678\n", 'ds,y\n2024-01-01,"1,234"\n2024-01-02,"5,678"\n'],
    )
    def test_a_sign_that_may_group_thousands(self, file, text):
        path = file(text)
        with pytest.raises(DataError, match=r"groups thousands\. State --decimal"):
            read_file(path)
        assert read_file(path, decimal=".").values[0] in (1.234, 1234.0)

    def test_a_missing_tail(self, file):
        path = file("ds,y\n2024-01-01,1\n2024-01-02,\n2024-01-03,3\n2024-01-04,\n2024-01-05,.\n")
        with pytest.raises(MissingValuesError, match=r"has 3 missing values.*state --missing interpolate"):
            read_file(path)
        filled, kept = read_file(path, missing="interpolate"), read_file(path, missing="keep")
        assert filled.values.tolist() == [1.0, 2.0, 3.0]
        assert filled.source["filled"] == [1]
        assert filled.source["read"] == [
            "2 missing values at the ends left out",
            "1 missing values interpolated, the first at 2024-01-02",
        ]
        assert np.isnan(kept.values).tolist() == [False, True, False, True, True]
        assert kept.source["read"] == ["3 missing values kept"]

    def test_absent_dates_of_a_stated_frequency(self, file):
        path = file("ds,y\n2024-01-01,1\n2024-01-03,3\n2024-01-04,4\n")
        with pytest.raises(IrregularIndexError, match="lacks 1 dates"):
            read_file(path, frequency="D")
        series = read_file(path, frequency="D", missing="interpolate")
        assert (series.values.tolist(), series.frequency) == ([1.0, 2.0, 3.0, 4.0], "D")

    def test_a_file_without_a_header(self, file):
        with pytest.raises(DataError, match="has no header: its first line is 2024-01-01, 1"):
            read_file(file("2024-01-01,1\n2024-01-02,2\n"))

    def test_a_column_that_stands_twice(self, file):
        with pytest.raises(DataError, match="two columns called 'y'"):
            read_file(file("ds,y,y\n2024-01-01,1,2\n2024-01-02,2,3\n"))

    def test_two_separators_that_both_divide(self, file):
        path = file("a,b;c\n1,2;3\n4,5;6\n")
        with pytest.raises(DataError, match=r"can be divided by ',' and ';'\. State --separator"):
            read_file(path)

    def test_a_clock_time_that_does_not_exist(self, file):
        with pytest.raises(DataError, match="cannot be read in time zone 'Europe/Berlin'"):
            read_file(file("ds,y\n2024-03-31 02:30,1\n2024-03-31 03:30,2\n"), time_zone="Europe/Berlin")

    def test_latin_1(self, file):
        with pytest.raises(DataError, match="Save it as plain CSV in UTF-8"):
            read_file(file("ds,Größe\n2024-01-01,1\n", encoding="latin-1"))

    @pytest.mark.parametrize(
        "wrong", [{"missing": "drop"}, {"decimal": ";"}, {"separator": ", "}, {"colum": "y"}]
    )
    def test_settings_that_do_not_exist(self, file, wrong):
        with pytest.raises(PlanError):
            read_file(file("y\n1\n2\n"), **wrong)
