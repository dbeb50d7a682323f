"""CSV files: what is read without guessing, and what is refused with the way out."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from forecastkit.errors import DataError, DatasetNotFoundError, IrregularIndexError, MissingValuesError
from forecastkit.sources.files import read_file

MONTHS = "ds,y\n2024-01-01,1.5\n2024-02-01,2\n2024-03-01,-3e2\n2024-04-01,4\n"


@pytest.fixture
def file(tmp_path):
    def write(text, name="prices.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


class TestRead:
    def test_dates_and_values(self, file):
        series = read_file(file(MONTHS))
        assert series.values.tolist() == [1.5, 2.0, -300.0, 4.0]
        assert (series.name, series.period, series.frequency) == ("prices", 12, "MS")
        assert str(series.index[0].date()) == "2024-01-01"

    def test_byte_order_mark_spaces_and_windows_line_ends(self, file):
        text = MONTHS.replace(",", ", ").replace("\n", "\r\n")
        assert read_file(file(text, encoding="utf-8-sig")).values.tolist() == [1.5, 2.0, -300.0, 4.0]

    def test_compressed(self, tmp_path):
        path = tmp_path / "prices.csv.gz"
        path.write_bytes(gzip.compress(MONTHS.encode()))
        series = read_file(path)
        assert (series.name, series.values.tolist()) == ("prices", [1.5, 2.0, -300.0, 4.0])

    def test_every_digit_is_kept(self, file, rng):
        exact = (rng.normal(size=200) * 10.0 ** rng.integers(-12, 12, size=200)).tolist()
        series = read_file(file("y\n" + "".join(f"{value!r}\n" for value in exact)))
        assert series.values.tolist() == exact

    def test_settings_reach_the_series(self, file):
        series = read_file(file(MONTHS), name="mine", unit="EUR", period=3)
        assert (series.name, series.unit, series.period) == ("mine", "EUR", 3)

    def test_no_date_column_numbers_the_rows(self, file):
        series = read_file(file("close\n7\n8\n9\n"))
        assert (series.index.tolist(), series.values.tolist()) == ([0, 1, 2], [7.0, 8.0, 9.0])

    def test_integer_dates_are_numbers(self, file):
        series = read_file(file("year,y\n1900,1\n1901,2\n1905,3\n"))
        assert (series.index.tolist(), series.spacing, series.period) == (
            [1900, 1901, 1905],
            "observations",
            1,
        )

    def test_six_digits_are_not_guessed(self, file):
        text = "ds,y\n202411,1\n202412,2\n202501,3\n"
        with pytest.raises(DataError, match="six digits such as 202411"):
            read_file(file(text))
        assert read_file(file(text), date_format="%Y%m").frequency == "MS"

    def test_named_columns(self, file):
        path = file("when,low,close\n2024-01-01,1,10\n2024-01-02,2,20\n2024-01-03,3,30\n")
        series = read_file(path, column="close", date_column="when")
        assert (series.values.tolist(), series.period) == ([10.0, 20.0, 30.0], 7)

    def test_text_columns_are_no_candidates(self, file):
        path = file("Date,symbol,close\n2024-01-01,A,10\n2024-01-02,A,20\n2024-01-03,A,30\n")
        assert read_file(path).values.tolist() == [10.0, 20.0, 30.0]

    def test_a_stated_date_format(self, file):
        path = file("date,y\n31/01/2024,1\n01/02/2024,2\n02/02/2024,3\n")
        series = read_file(path, date_format="%d/%m/%Y")
        assert [str(day.date()) for day in series.index] == ["2024-01-31", "2024-02-01", "2024-02-02"]

    def test_integers_with_a_stated_format_are_dates(self, file):
        path = file("date,y\n20240131,1\n20240201,2\n20240202,3\n")
        assert str(read_file(path, date_format="%Y%m%d").index[0].date()) == "2024-01-31"

    def test_a_stated_frequency_must_have_no_gaps(self, file):
        with pytest.raises(IrregularIndexError, match="lacks 1 dates, the first is 2024-02-01"):
            read_file(file(MONTHS.replace("2024-02-01,2\n", "")), frequency="MS")


class TestRefuse:
    def test_missing_file(self, tmp_path):
        with pytest.raises(DatasetNotFoundError, match=r"There is no file '.*nothing\.csv'\. Give the path"):
            read_file(tmp_path / "nothing.csv")

    def test_empty_file(self, file):
        with pytest.raises(DataError, match=r"prices\.csv is empty\. A header line and one row"):
            read_file(file(""))

    def test_header_only(self, file):
        with pytest.raises(DataError, match=r"prices\.csv has a header but no rows"):
            read_file(file("ds,y\n"))

    def test_binary_file(self, tmp_path):
        path = tmp_path / "picture.csv"
        path.write_bytes(b"\x89PNG\xff\xfe\x00\x80")
        with pytest.raises(DataError, match=r"picture\.csv could not be read as a UTF-8 CSV file"):
            read_file(path)

    def test_wrong_column_is_answered_with_the_nearest(self, file):
        path = file("ds,open,close\n2024-01-01,1,2\n")
        with pytest.raises(DataError, match=r"prices\.csv has no column 'closing'\. Did you mean close\?"):
            read_file(path, column="closing")
        with pytest.raises(DataError, match=r"prices\.csv has no column 'date'\. Known: close, ds, open\."):
            read_file(path, date_column="date")

    def test_several_numeric_columns(self, file):
        with pytest.raises(DataError) as caught:
            read_file(file("ds,open,close\n2024-01-01,1,2\n"))
        assert str(caught.value) == (
            "prices.csv has 2 columns that could hold the values: open, close. Name one with --column "
            "(column= in Python)."
        )

    def test_dates_alone(self, file):
        with pytest.raises(DataError, match="has 0 columns that could hold the values: none"):
            read_file(file("ds\n2024-01-01\n"))

    def test_text_among_the_numbers_is_named_with_its_row(self, file):
        with pytest.raises(DataError) as caught:
            read_file(file("ds,y\n2024-01-01,1\n2024-01-02,\n2024-01-03,12 USD\n2024-01-04,n.v.\n"))
        assert str(caught.value) == (
            "prices.csv, column 'y': 2 entries are not numbers, the first is '12 USD' in data row 3. Plain "
            "numbers with a decimal point are needed."
        )

    def test_decimal_commas_are_not_shifted_into_other_columns(self, file):
        """Every row has one field more than the header: taking "1" for the date would be a guess."""
        with pytest.raises(DataError):
            read_file(file("ds,y\n2024-01-01,1,5\n2024-01-02,2,5\n2024-01-03,3,5\n"))

    def test_unreadable_date(self, file):
        with pytest.raises(
            DataError, match=r"column 'ds' holds a date that does not read as ISO 8601 \(2024-01-31\)"
        ):
            read_file(file("ds,y\nsoon,1\nlater,2\n"))
        with pytest.raises(DataError, match="holds a date that does not read as %d/%m/%Y"):
            read_file(file(MONTHS), date_format="%d/%m/%Y")

    def test_missing_value(self, file):
        with pytest.raises(
            MissingValuesError, match="Series 'prices' has 1 missing values, the first at position 1"
        ):
            read_file(file("ds,y\n2024-01-01,1\n2024-01-02,\n2024-01-03,3\n"))

    def test_missing_date(self, file):
        with pytest.raises(DataError):
            read_file(file("ds,y\n2024-01-01,1\n,2\n2024-01-03,3\n"))

    def test_infinite_value(self, file):
        with pytest.raises(DataError, match="has 1 infinite values"):
            read_file(file("y\n1\ninf\n"))

    def test_duplicate_dates(self, file):
        with pytest.raises(IrregularIndexError, match="has 1 duplicate dates, the first is 2024-01-01"):
            read_file(file("ds,y\n2024-01-01,1\n2024-01-01,2\n"))


def test_read_values_equal_numpy(file):
    path = file("y\n" + "\n".join(map(str, range(50))) + "\n")
    assert np.array_equal(read_file(path).values, np.arange(50.0))
