"""Find the submissions of a hub's models that are compared."""

from datetime import date

import pytest
from made_up_hubs import tasks, write_hub

from forecast_hub.errors import HubError
from forecast_hub.scoring.model_files import find_baseline, find_model_files

DAY = date(2025, 1, 18)


def test_baseline_and_ensemble_are_found_for_the_dates_that_they_submitted(tmp_path):
    hub = write_hub(tmp_path, tasks())
    for model, day in (("x-baseline", "2025-01-18"), ("x-ensemble", "2025-01-25"), ("y-z", DAY)):
        folder = hub / "submissions" / model
        folder.mkdir(parents=True, exist_ok=True)
        ending = "snappy.parquet" if model == "x-baseline" else "csv.gz"
        (folder / f"{day}-{model}.{ending}").write_text("")

    found = find_model_files(hub, [DAY], [])

    assert list(found) == ["2025-01-18-x-baseline"]
    assert find_baseline(found) == "x-baseline"
    assert find_baseline(find_model_files(hub, [DAY], ["y-z"])) is None
    with pytest.raises(HubError, match=r"no model 'y-a'.*did you mean y-z"):
        find_model_files(hub, [DAY], ["y-a"])
    with pytest.raises(HubError, match="x-ensemble has no file for 2025-01-18"):
        find_model_files(hub, [DAY], ["x-ensemble"])
