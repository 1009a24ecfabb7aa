"""Target data as real hubs publish them are observations; expected are rows of the files."""

from datetime import date
from pathlib import Path

import pytest

from epyflow.data.observations import Column, read_observations

HUBS = Path(__file__).parents[3] / "packages" / "forecast-hub" / "tests" / "hubs"
US = (date(2025, 12, 13), date(2025, 12, 20))
EUROPE = (date(2026, 2, 8), date(2026, 2, 15))
TIMES, LATEST = Column("observation", "target_end_date"), Column("value", "truth_date")


@pytest.mark.parametrize(
    ("hub", "target", "place", "column", "window", "expected"),
    [
        ("covid19-forecast-hub", "wk inc covid hosp", "25", TIMES, US, [183, 203]),
        ("covid19-forecast-hub", "wk inc covid prop ed visits", "25", TIMES, US, [0.0069, 0.0097]),
        ("rsv-forecast-hub", "wk inc rsv hosp", "US", TIMES, US, [3540, 4295]),
        ("rsv-forecast-hub", "wk inc rsv prop ed visits", "06", TIMES, US, [0.0012, 0.0017]),
        ("flu-metrocast", "Flu ED visits pct", "denver", TIMES, US, [5.04, 7.22]),
        ("flu-metrocast", "ILI ED visits pct", "nyc", TIMES, US, [8.92, 11.03]),
        ("RespiCast-SyndromicIndicators", "ILI incidence", "IE", LATEST, EUROPE, [10.6, 10.4]),
        ("RespiCast-Covid19", "hospital admissions", "IE", LATEST, EUROPE, [49, 55]),
    ],
)
def test_one_series_of_a_hub_is_read(hub, target, place, column, window, expected):
    (path,) = (HUBS / hub / "target-data").iterdir()

    dates, values = read_observations(
        path, [place], None, [column], window, None, {"target": target}
    )

    assert dates == window
    assert values[:, 0].tolist() == pytest.approx(expected)
