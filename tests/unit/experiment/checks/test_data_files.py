"""Data files and modules of functions that are not what they are said to be are refused."""

import gzip

import pytest

from tests.unit.experiment.samples import (
    ADMISSIONS,
    CALIBRATION,
    GONE,
    REJECTION,
    messages,
    write_data,
)

# Data files that are not what they are said to be.


@pytest.fixture
def own_root(tmp_path):
    write_data(tmp_path)
    return tmp_path


def observations(own_root, content, name="own.csv"):
    (own_root / "common-data" / name).write_bytes(content)
    path = f"common-data/{name}"
    return messages(own_root, CALIBRATION, ("modelset.calibration.observed_data_path", path))


@pytest.mark.parametrize(
    ("content", "name", "what"),
    [
        (b"", "own.csv", "is empty; expected a CSV file with a header"),
        (b"\xff\xfe", "own.csv", "is not a CSV file"),
        (b"x" * 3_000_000, "own.csv", "a row of more than 1,000,000 characters"),
        (b"a," * 20_001, "own.csv", "more than 20,000 columns"),
        (b"place,date,value\n", "own.csv.gz", "is not a gzipped CSV file: Not a gzipped file"),
        (gzip.compress(b"place,date,value\n" * 99)[:15], "own.csv.gz", "is not a gzipped CSV file"),
        (gzip.compress(b"place\n")[:10] + b"\xff" * 30, "own.csv.gz", "is not a gzipped CSV file"),
        (gzip.compress(b"x" * 50_000_000), "own.csv.gz", "a row of more than 1,000,000"),
    ],
    # Not the bytes: gzip writes the second in, and every test process has to find the same tests.
    ids=(
        *("nothing", "no text", "no line", "columns without end"),
        *("not packed", "cut off", "damaged", "swells without a line"),
    ),
)
def test_a_file_that_is_no_table_is_refused(own_root, content, name, what):
    found = observations(own_root, content, name)

    (message,) = [each for each in found if "observed_data_path" in each]
    assert message.startswith("modelset.calibration.observed_data_path: ")
    assert what in message
    assert "expected" in message


def test_a_table_may_be_gzipped_and_have_a_byte_order_mark(own_root):
    content = gzip.compress(b"\xef\xbb\xbf" + ADMISSIONS.encode())

    assert observations(own_root, content, "own.csv.gz") == []


def test_a_table_that_may_not_be_read_is_refused(own_root, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("forecast_hub.limited_files.gzip.open", refuse)

    (message,) = messages(own_root, CALIBRATION)
    assert message.startswith("model.vaccination.scenario_data_path: ")
    assert message.endswith("coverage.csv.gz cannot be read: Permission denied")


@pytest.mark.parametrize("scenario", ["A_B", "any text"])
def test_a_scenario_beside_the_one_column_coverage_is_a_warning(own_root, scenario):
    header = "Geography,Age,Population,Week_Ending_Sat,Coverage\n"
    (own_root / "common-data" / "plain.csv").write_text(header)

    found = messages(
        own_root,
        REJECTION,
        ("model.vaccination.preprocessed_vaccination_data_path", GONE),
        ("model.vaccination.scenario_data_path", "common-data/plain.csv"),
        ("model.vaccination.scenario", scenario),
    )

    assert found == [
        "model.vaccination.scenario: warning: has no effect: common-data/plain.csv has the one "
        "column Coverage; expected no scenario"
    ]


def test_scenarios_are_recognised_as_by_the_reader_of_coverage():
    from epyflow.data import coverage
    from epyflow.experiment.checks import data_files

    assert data_files._SCENARIO.pattern == coverage._SCENARIO.pattern


# Modules of functions.


def test_a_module_that_is_no_python_is_named_with_its_line(own_root):
    path = own_root / "experiments" / "sample" / "functions" / "broken.py"
    path.write_text("x = 1\ndef f(:\n", encoding="utf-8")

    (message,) = messages(own_root, CALIBRATION)

    assert f"{path}:2: is not a Python module" in message


def test_a_function_that_two_modules_define_is_refused(own_root):
    functions = own_root / "experiments" / "sample" / "functions"
    (functions / "more.py").write_text("def my_prior():\n    pass\n", encoding="utf-8")

    (message,) = messages(own_root, CALIBRATION)

    assert "mine.py and more.py" in message
    assert "define 'my_prior'; expected it in one of them" in message
