"""Forecasts made for tests, and the command that scores them."""

import json
from datetime import date, timedelta

import pandas as pd
import pytest
from made_up_hubs import tasks, write_hub
from typer.testing import CliRunner

from forecast_hub.command import app

COLUMNS = "reference_date,target,horizon,location,target_end_date,output_type,output_type_id,value"
WEEKS = {"2025-01-04": 10, "2025-01-11": 20, "2025-01-18": 30}


def forecast(model, quantiles, location="01", horizon="0", levels=("0.25", "0.5", "0.75")):
    end = date(2025, 1, 4) + timedelta(weeks=int(horizon))
    return pd.DataFrame(
        {
            "model": model,
            "reference_date": "2025-01-04",
            "target": "t",
            "horizon": horizon,
            "target_end_date": str(end),
            "location": location,
            "output_type": "quantile",
            "output_type_id": list(levels),
            "value": [float(value) for value in quantiles],
        }
    )


def write_forecast(folder, model, day, spread, target="cases"):
    """Write quantiles of one week around what is observed."""
    middle = WEEKS[day]
    rows = [
        f"{day},{target},0,north,{day},quantile,{level},{value}"
        for level, value in ((0.25, middle - spread), (0.5, middle), (0.75, middle + spread))
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{day}-{model}.csv"
    path.write_text("\n".join([COLUMNS, *rows]) + "\n")
    return path


def write_models(folder):
    """Write a hub with forecasts of three models, and two weeks of one of them."""
    hub = write_hub(folder, tasks())
    for model, spread in (("x-baseline", 6), ("x-ensemble", 3), ("y-z", 2)):
        write_forecast(hub / "submissions" / model, model, "2025-01-04", spread)
    write_forecast(hub / "submissions" / "x-baseline", "x-baseline", "2025-01-11", 6)
    return hub


def write_observed(path):
    """Write what is observed in each week."""
    rows = [f"{day},north,{value}" for day, value in WEEKS.items()]
    path.write_text("\n".join(["date,location,value", *rows]) + "\n")
    return path


def run(*arguments: object):
    """Run the command as a person would; a traceback fails the test."""
    done = CliRunner().invoke(app, ["score", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def means(*arguments):
    """Return model to its forecasts and its mean WIS on the natural scale."""
    done = run(*arguments, "--format", "json")
    assert done.exit_code == 0, done.stderr
    records = [each for each in json.loads(done.stdout) if each["scale"] == "natural"]
    return {each["model"]: (each["forecasts"], pytest.approx(each["wis"])) for each in records}


def wis(spread):
    """Work the score of a forecast whose median is observed: a quarter of its width over 1.5."""
    return 2 * spread / 4 / 1.5


def peak_rows(day, weeks):
    """Give the first week of a season probability 0.75 to be the peak, the second 0.25."""
    return [
        f"{day},peak week inc flu hosp,,01,,pmf,{week},{share}"
        for week, share in zip(weeks, (0.75, 0.25), strict=True)
    ]
