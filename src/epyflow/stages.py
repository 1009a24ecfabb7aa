"""The stages of a run: the rules of each, the files that they make, and the code that they use.

Every other module asks this table: the versions of code (:mod:`epyflow.provenance`), progress and
logs of runs, costs, and the labels of jobs on Google Batch. A new rule belongs in one row of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Stage:
    """One stage of a run.

    Attributes
    ----------
    name
        Its name in commands, in plans and in the label ``stage`` of jobs on Google Batch.
    rules
        Globs for the names of its rules.
    files
        Pattern of the files that are counted as its progress, below the run's folder.
    modules
        Modules at which its rules enter the package: its code version covers all that they import.
    packages
        Packages whose release can change what it computes.
    """

    name: str
    rules: tuple[str, ...]
    files: str
    modules: tuple[str, ...]
    packages: tuple[str, ...]

    def has_rule(self, rule: str) -> bool:
        """Return whether a rule belongs to this stage."""
        return any(fnmatchcase(rule, pattern) for pattern in self.rules)


_ROWS = (
    Stage(
        name="build",
        rules=("bundle_experiment", "build_inputs", "name_priors"),
        files=r"builder-artifacts/input_(?:[0-9]{5}|[1-9][0-9]{5,8})\.pkl",
        modules=("epyflow.inputs.build",),
        packages=("holidays", "numpy", "scipy"),
    ),
    Stage(
        name="run",
        rules=("run_task",),
        files=r"runner-artifacts/result_(?:[0-9]{5}|[1-9][0-9]{5,8})\.pkl",
        modules=("epyflow.strategies",),
        packages=("epydemix", "numba", "numpy", "scipy"),
    ),
    Stage(
        name="tables",
        rules=("make_tables", "write_run_metadata", "finish_run"),
        files=r"outputs/.+\.(csv\.gz|parquet)",
        modules=("epyflow.tables",),
        packages=("numpy", "pandas", "pyarrow"),
    ),
    Stage(
        name="observed",
        rules=("gather_observations",),
        files=r"builder-artifacts/observed\.csv",
        modules=("epyflow.inputs.observation_history",),
        packages=("numpy",),
    ),
    Stage(
        name="figures",
        rules=("draw_figures", "draw_scores"),
        files=r"figures/.+\.svg",
        modules=(
            "epyflow.report.run_figures",
            "epyflow.report.score_figures",
            "epyflow.report.task_figures",
        ),
        packages=("matplotlib", "scipy"),
    ),
    Stage(
        name="hub",
        rules=("prepare_submission", "make_submission"),
        files=r"hub/.+\.(?:csv|parquet)",
        modules=(
            "epyflow.submission.result_rows",
            "epyflow.submission.brief_writer",
            "epyflow.submission.submission_output",
        ),
        packages=("numpy", "pandas", "pyarrow"),
    ),
    Stage(
        name="scores",
        rules=("score_forecasts",),
        files=r"scores/.+",
        modules=("epyflow.submission.scores",),
        packages=("numpy", "pandas", "scoringrules"),
    ),
)

STAGES: Mapping[str, Stage] = {stage.name: stage for stage in _ROWS}
"""Stage by its name, in the order of a run."""


def stage_of_rule(rule: str) -> str | None:
    """Return the stage of a rule; None for a rule that is not one of the workflow."""
    return next((name for name, stage in STAGES.items() if stage.has_rule(rule)), None)


def stage_of_file(path: str) -> str | None:
    """Return the stage that counts a file as progress, by its path below the run's folder."""
    return next((name for name, its in STAGES.items() if re.fullmatch(its.files, path)), None)
