"""Draw each figure of :data:`epyflow.report.contents.TASK_FIGURES` from the record of a run."""

from collections.abc import Mapping
from pathlib import Path

from epyflow.figures.tasks import draw_tasks
from epyflow.report.drawing import Draw, Given


def _tasks(given: Given, paths: list[Path]) -> None:
    draw_tasks(
        given.files["metadata"],
        given.files["cost"],
        places=given.places,
        title="Tasks",
        path=paths[0],
        numbers=paths[1],
    )


DRAW: Mapping[str, Draw] = {"tasks": _tasks}
"""Figure to the function that draws it."""
