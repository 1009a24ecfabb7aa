"""A brief for a submission to a small made-up hub."""

import json

from made_up_hubs import ADMIN, tasks

FILES = {
    "tasks.json": json.dumps(tasks()),
    "admin.json": json.dumps(ADMIN),
    "locations.csv": "location,abbreviation,population\nnorth,N,1000\nsouth,S,500\n",
}


def brief(**changes):
    """Return the content of ``hub.json``."""
    content = {
        "reference_date": "2026-03-02",
        "targets": [{"target": "cases", "simulation": [], "task_ids": {"age": "18+"}}],
        "scenario_ids": {"as_now": "A"},
        "spellings": {"United_States_Massachusetts": ["Massachusetts", "North"]},
        "observed": {
            "United_States_Massachusetts": [
                {"dates": ["2026-02-21", "2026-02-28"], "counts": [3, None]}
            ]
        },
        "files": FILES,
    }
    return content | changes


def write_brief(folder, **changes):
    path = folder / "hub.json"
    path.write_text(json.dumps(brief(**changes)))
    return path
