"""Which code and data made a result: a hash per stage, and the record of a run."""

from epyflow.provenance.code import DEPENDENCIES, STAGES, check_code, code_version, stage_modules
from epyflow.provenance.record import Run, RunMetadata, run_metadata, write_metadata

__all__ = [
    "DEPENDENCIES",
    "STAGES",
    "Run",
    "RunMetadata",
    "check_code",
    "code_version",
    "run_metadata",
    "stage_modules",
    "write_metadata",
]
