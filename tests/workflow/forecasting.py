"""The small study as a forecast: observations in vintages, a submission, final observations."""

import re
import shutil
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from tests.unit.test_repository import ROOT
from tests.workflow.calibrating import calibrate
from tests.workflow.workspace import Workspace

FLUSIGHT = ROOT / "packages" / "forecast-hub" / "tests" / "hubs" / "FluSight-forecast-hub"
FIRST = date(2025, 1, 11)


def weeks(last: str) -> list[date]:
    """Saturdays from the first one observed to the last."""
    count = (date.fromisoformat(last) - FIRST).days // 7 + 1
    return [FIRST + timedelta(weeks=n) for n in range(count)]


def write_vintage(workspace: Workspace, day: str, *, times: int = 1) -> None:
    """Write what was known on a day: weekly cases that grow, in Massachusetts and New York."""
    folder = workspace.study / "common-data" / "vintages"
    folder.mkdir(exist_ok=True)
    lines = ["date,location,value"]
    for state in ("MA", "NY"):
        lines += [f"{week},{state},{times * (40 * n + 40)}" for n, week in enumerate(weeks(day))]
    (folder / f"cases_{day}.csv").write_text("\n".join(lines) + "\n")


def write_target_data(workspace: Workspace) -> str:
    """Write what was observed in the end, by the codes that FluSight uses; return the path."""
    lines = ["date,location,value"]
    for code in ("25", "36"):
        found = enumerate(weeks("2025-03-29"))
        lines += [f"{week},{code},{40 * n + 45}" for n, week in found]
    path = workspace.study / "common-data" / "final.csv"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def _earlier(day: re.Match[str]) -> str:
    return (date.fromisoformat(day[0]) - timedelta(weeks=47)).isoformat()


def write_hub_with_baseline(workspace: Workspace, days: Iterable[str]) -> str:
    """Write a hub as FluSight is, with a baseline that is right to 1 case; return the path."""
    hub = workspace.folder / "flusight"
    if not hub.exists():
        shutil.copytree(FLUSIGHT, hub)
        tasks = hub / "hub-config" / "tasks.json"
        # Its rounds are those of January 2026; now they are 2025-02-08, 02-15 and 02-22.
        text = re.sub(r"\d{4}-\d\d-\d\d", _earlier, tasks.read_text())
        tasks.write_text(text.replace('"06"', '"36"'))
        places = hub / "auxiliary-data" / "locations.csv"
        new_york = places.read_text().replace('"CA","06","California"', '"NY","36","New York"')
        places.write_text(new_york)
    folder = hub / "model-output" / "FluSight-baseline"
    folder.mkdir(parents=True, exist_ok=True)
    levels = [0.01, 0.025, *(round(0.05 * n, 2) for n in range(1, 20)), 0.975, 0.99]
    for day in days:
        lines = [
            "reference_date,target,horizon,target_end_date,location,output_type,output_type_id,value"
        ]
        for horizon in range(4):
            week = date.fromisoformat(day) + timedelta(weeks=horizon)
            observed = 40 * ((week - FIRST).days // 7) + 45
            lines += [
                f"{day},wk inc flu hosp,{horizon},{week},{code},quantile,{level},"
                f"{observed + 2 * level - 1}"
                for code in ("25", "36")
                for level in levels
            ]
        (folder / f"{day}-FluSight-baseline.csv").write_text("\n".join(lines) + "\n")
    return str(hub)


def forecast(workspace: Workspace, name: str, **section: Any) -> None:
    """Turn the study into a forecast of a hub format, from the vintage of 2025-02-08."""
    calibrate(workspace)
    for day in ("2025-01-25", "2025-02-01", "2025-02-08", "2025-02-15"):
        write_vintage(workspace, day)

    def observe_vintage(y: dict[str, Any]) -> None:
        calibration = y["modelset"]["calibration"]
        calibration["observed_data_path"] = "common-data/vintages/cases_2025-02-08.csv"
        calibration["projection"].pop("scenarios")

    workspace.change("modelset", observe_vintage)
    workspace.change("output", lambda y: y.update(output={name: section}))
