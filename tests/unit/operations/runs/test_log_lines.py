"""Lines of logs, their times and levels."""

from datetime import UTC, datetime, timedelta

import pytest

from epyflow.errors import EpyflowError
from epyflow.operations.runs.log_lines import (
    Filter,
    is_message,
    parse_duration,
    parse_since,
    printable,
)

NOON = datetime(2030, 3, 17, 12, 0, tzinfo=UTC)
LINES = [
    "2030-03-17 11:59:59,999 INFO early",
    "its second line",
    "2030-03-17 12:00:00,000 WARNING at noon",
    "2030-03-17 12:00:01,500 ERROR late",
    "Traceback (most recent call last):",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", NOON - timedelta(seconds=30)),
        ("1.5d", NOON - timedelta(hours=36)),
        (" 10m ", NOON - timedelta(minutes=10)),
        ("2030-03-17T14:00", datetime(2030, 3, 17, 14, 0, tzinfo=UTC)),
        ("2030-03-17T14:00+02:00", NOON),
    ],
)
def test_since_is_an_age_or_a_time_in_utc_unless_it_has_a_zone(text, expected):
    found = parse_since(text, NOON)

    assert found == expected
    assert found.tzinfo is not None


@pytest.mark.parametrize("text", ["yesterday", "10", "10 minutes", "2030-13-01", ""])
def test_another_text_is_no_time(text):
    with pytest.raises(EpyflowError, match="expected an age, such as 30s, 10m"):
        parse_since(text, NOON)


def test_a_duration_has_one_number_and_unit():
    assert parse_duration("2h") == timedelta(hours=2)
    with pytest.raises(EpyflowError, match="'2 h' is not a duration"):
        parse_duration("2 h")


@pytest.mark.parametrize("text", ["9" * 400 + "s", "9" * 12 + "d", "800000d"])
def test_a_duration_from_before_the_calendar_is_refused(text):
    for read in (parse_duration, lambda text: parse_since(text, NOON)):
        with pytest.raises(EpyflowError, match="too long a duration; expected at most 36,525d"):
            read(text)


@pytest.mark.parametrize(
    ("since", "level", "expected"),
    [
        (None, None, [0, 1, 2, 3, 4]),
        (NOON, None, [2, 3, 4]),
        (NOON + timedelta(seconds=1), None, [3, 4]),
        (None, "WARNING", [2, 3, 4]),
        (None, "ERROR", [3, 4]),
        (NOON + timedelta(seconds=2), "INFO", []),
    ],
)
def test_lines_are_selected_by_time_and_level_and_what_follows_belongs_to_them(
    since, level, expected
):
    wants = Filter(since, level).wants

    assert [number for number, line in enumerate(LINES) if wants(line)] == expected


@pytest.mark.parametrize(
    ("level", "modified", "wanted"),
    [
        (None, NOON, True),
        (None, NOON - timedelta(seconds=1), False),
        ("INFO", NOON, True),
        ("WARNING", NOON, False),
    ],
)
def test_lines_before_the_first_message_have_the_time_of_the_log_and_count_as_information(
    level, modified, wanted
):
    assert Filter(NOON, level, modified).wants("a line of a library") is wanted


def test_a_message_begins_with_its_time_and_level():
    assert is_message(LINES[0])
    assert not is_message(LINES[1])
    assert not is_message("2030-03-17 11:59:59,999 NOTE of another program")


def test_what_changes_a_terminal_is_escaped_and_the_tab_is_not():
    assert printable("a\x1b[31mred\x1b[0m\tb\x07") == r"a\x1b[31mred\x1b[0m" + "\tb" + r"\x07"
    assert printable("\x9b31m\r\n\x85\u202egpj.csv\u2028") == r"\x9b31m\r\n\x85\u202egpj.csv\u2028"
    assert printable("a\ud800é日本 👩‍🔬\u200f") == r"a\ud800é日本 👩‍🔬\u200f"
    assert printable(printable("\x1b")) == r"\x1b"
