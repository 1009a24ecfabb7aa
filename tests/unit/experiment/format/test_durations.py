import pytest
from pandas.tseries.frequencies import to_offset

from epyflow.experiment.format.durations import COMMON_FREQUENCIES, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", 30),
        ("90min", 5400),
        ("90m", 5400),
        ("6h", 21600),
        ("1D", 86400),
        ("1.5 h", 5400),
        ("1h30m", 5400),
        ("2W", 1209600),
    ],
)
def test_durations_are_converted_to_seconds(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text", ["", "6", "h", "-1h", "0h", "6 weeks", "1e3h", "9" * 400 + "h", "٣h"]
)
def test_what_is_no_duration_is_refused(text):
    if text == "٣h":  # a digit all the same
        assert seconds(text) == 3 * 3600
        return
    with pytest.raises(ValueError, match="is not a duration"):
        seconds(text)


@pytest.mark.parametrize("alias", COMMON_FREQUENCIES)
def test_pandas_takes_the_frequencies_that_are_accepted_without_it(alias):
    assert to_offset(alias).n == 1
