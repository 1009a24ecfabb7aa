"""Write the forecasts of damped growth for the places of a hub, as rows of a submission."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.combining.growth import LEVELS, forecast_growth
from forecast_hub.config import flusight
from forecast_hub.config.locations import read_places
from forecast_hub.config.reader import read_hub
from forecast_hub.errors import DataError
from forecast_hub.scoring.matching import select_target
from forecast_hub.scoring.outcomes import names_of_places, read_outcomes

Array = NDArray[np.float64]


def forecast_file(
    target_data: Path, hub: Path, day: date, target: str = flusight.ADMISSIONS
) -> pd.DataFrame:
    """Forecast the places of a hub from its target data, as rows of a submission.

    Parameters
    ----------
    target_data
        What was observed, as known for the forecast: see
        :func:`forecast_hub.scoring.outcomes.read_outcomes`. Weeks up to the one before ``day``
        are used.
    hub
        The hub's folder; its table of locations names the places.
    day
        The reference date, the end of the week of horizon 0.
    target
        The target: a weekly count.

    Raises
    ------
    HubError
        If the hub has no table of locations, a file cannot be used, the week before ``day`` is
        missing everywhere, or there are too few weeks.
    """
    table = read_hub(hub).folder.locations
    if table is None:
        raise DataError(f"{hub}: has no table of locations; expected auxiliary-data/locations.csv")
    places = read_places(table)
    rows = read_outcomes(target_data, (), list(places), names_of_places(places))
    series = select_target(rows, target, target)
    last = day - timedelta(weeks=1)
    wide = series.pivot_table(index="target_end_date", columns="location", values="observed")
    wide.index = pd.to_datetime(wide.index)
    if wide.empty or pd.Timestamp(last) not in wide.index:
        newest = "nothing" if wide.empty else f"weeks up to {wide.index.max():%Y-%m-%d}"
        raise DataError(
            f"{target_data}: has {newest} of {target}; expected the week that ends on {last}, one "
            f"week before {day}"
        )
    weeks = (pd.Timestamp(last) - wide.index.min()).days // 7
    counts = wide.reindex(pd.date_range(end=last, periods=weeks + 1, freq="7D"))
    found = forecast_growth(counts.to_numpy(dtype=np.float64))
    return _rows(found, list(counts.columns), day, target)


def _rows(quantiles: Array, places: list[str], day: date, target: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "reference_date": str(day),
                "target": target,
                "horizon": str(horizon),
                "target_end_date": str(day + timedelta(weeks=horizon)),
                "location": place,
                "output_type": "quantile",
                "output_type_id": f"{level:g}",
                "value": float(np.rint(value)),
            }
            for place, of_place in zip(places, quantiles, strict=True)
            if not np.isnan(of_place).any()
            for horizon, values in enumerate(of_place)
            for level, value in zip(LEVELS, values, strict=True)
        ]
    )
