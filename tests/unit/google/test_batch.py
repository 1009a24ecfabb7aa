"""Jobs of Google Batch and their states."""

import pytest
from google.cloud import batch_v1

from epyflow.google.batch import is_over

State = batch_v1.JobStatus.State


@pytest.mark.parametrize(
    ("state", "over"),
    [
        (State.QUEUED, False),
        (State.SCHEDULED, False),
        (State.RUNNING, False),
        (State.SUCCEEDED, True),
        (State.FAILED, True),
        (State.CANCELLED, True),
        (State.DELETION_IN_PROGRESS, False),
    ],
)
def test_a_job_is_over_in_a_final_state(state, over):
    assert is_over(batch_v1.Job(status={"state": state})) is over
