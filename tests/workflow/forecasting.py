"""The small study as a forecast: observations in vintages, a submission, final observations."""

from datetime import date, timedelta
from typing import Any

from tests.workflow.calibrating import calibrate
from tests.workflow.workspace import Workspace

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
