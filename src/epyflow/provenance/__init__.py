"""Hash the code of each stage, and record what made a run."""

from epyflow.provenance.code import (
    check_code,
    code_version,
    code_versions,
    stage_modules,
)

__all__ = [
    "check_code",
    "code_version",
    "code_versions",
    "stage_modules",
]
