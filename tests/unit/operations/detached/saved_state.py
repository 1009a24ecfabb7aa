"""The state of a coordinator, for the tests that save and restore it."""

from pathlib import Path

import pytest

from epyflow.errors import ArtifactError
from epyflow.operations.detached.job_request import Submission
from epyflow.operations.detached.work_folder import State
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk

SUBMISSION = Submission(exp_id="us/flu", run_id="main", checkout=None, code={"run": "0123"})
LAYOUT = RunLayout("us/flu", "main")
PATH = LAYOUT.coordinator_state


def files(folder: Path) -> dict[str, tuple[str, float]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_text(), path.stat().st_mtime)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def refusal(folder: Path, storage: Disk) -> str:
    with pytest.raises(ArtifactError, match="not usable as the state of a coordinator") as caught:
        State(folder, SUBMISSION, storage).restore()
    assert "the run continues with the files that are in the bucket" in str(caught.value)
    return str(caught.value)
