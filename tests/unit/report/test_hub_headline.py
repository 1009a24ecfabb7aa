from datetime import date

import numpy as np
import pytest

from epyflow.figures.read_tables import Place
from epyflow.report import hub_headline
from epyflow.submission.brief import Brief, RequestedTarget
from epyflow.submission.projected_series import Observed
from forecast_hub.config.flusight import CLASSES, RATE_CHANGE

PLACES = (Place("A", "Here"), Place("B", "There"))
LOCATIONS = "abbreviation,location,population\nMA,25,7000000\n"


def brief(target):
    known = Observed((date(2025, 1, 11),), np.array([505.0]))
    return Brief(
        reference_date=date(2025, 1, 18),
        targets=(RequestedTarget(target, (), {}),),
        scenario_ids={},
        spellings={"A": ("MA", "25"), "B": ("NY",)},
        observed={"A": (known,), "B": (None,)},
        files={"locations.csv": LOCATIONS},
    )


def read(monkeypatch, folder, target, text):
    (folder / "rows.csv").write_text(text)
    monkeypatch.setattr(hub_headline, "read_brief", lambda path: brief(target))
    return hub_headline.read_hub_headline(folder / "hub.json", folder / "rows.csv", PLACES)


def test_rate_trends_have_the_label_of_their_population_and_their_baselines(monkeypatch, tmp_path):
    head = "target,location,horizon,target_end_date,output_type,output_type_id,value\n"
    rows = "".join(f"{RATE_CHANGE},25,0,2025-01-18,pmf,{name},0.2\n" for name in CLASSES)

    found = read(monkeypatch, tmp_path, RATE_CHANGE, head + rows)

    assert found.trends["location"].tolist() == ["Here"]
    assert found.baselines == {"A": ("2025-01-11", 505.0), "B": ("2025-01-11", None)}
    assert found.populations == {"A": 7_000_000.0}


@pytest.mark.parametrize("text", ["forecast_date,region,outcome\n2025-02-10,x,1\n", "\n"])
def test_a_submission_to_another_hub_may_have_any_columns(monkeypatch, tmp_path, text):
    found = read(monkeypatch, tmp_path, "cases", text)

    assert found.trends.empty
    assert found.baselines == {}
