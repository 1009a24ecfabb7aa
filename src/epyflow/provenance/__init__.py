"""Hash the code of each stage, and record what made a run."""

from epyflow.provenance.code import (
    DEPENDENCIES,
    STAGES,
    check_code,
    code_version,
    code_versions,
    stage_modules,
)

__all__ = [
    "DEPENDENCIES",
    "STAGES",
    "check_code",
    "code_version",
    "code_versions",
    "stage_modules",
]
