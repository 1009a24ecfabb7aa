"""Which code and data made a result: a hash per stage, and the record of a run."""

from epyflow.provenance.code import DEPENDENCIES, STAGES, check_code, code_version, stage_modules
from epyflow.provenance.record import (
    CHECKOUT_VARIABLE,
    Git,
    Run,
    RunMetadata,
    git_state,
    run_metadata,
    write_metadata,
)

__all__ = [
    "CHECKOUT_VARIABLE",
    "DEPENDENCIES",
    "STAGES",
    "Git",
    "Run",
    "RunMetadata",
    "check_code",
    "code_version",
    "git_state",
    "run_metadata",
    "stage_modules",
    "write_metadata",
]
