"""All checks in the order of the report."""

from collections.abc import Iterable

from epyflow.errors import EpyflowError
from epyflow.operations.doctor import run_inputs, this_machine
from epyflow.operations.doctor.check import SERVICES_CHECK, Check
from epyflow.suggest import did_you_mean, listed

LOCAL = (
    Check("python", "Python", this_machine.python),
    Check("packages", "packages as locked", this_machine.packages),
    Check("snakemake", "Snakemake and plugins", this_machine.snakemake),
    Check("disk", "free disk space", this_machine.disk),
    Check("settings", "settings of a run", run_inputs.settings, run_inputs.SETTINGS_REMEDY),
    Check("token", "token for repositories", run_inputs.token, run_inputs.TOKEN_REMEDY),
    Check(
        "experiment",
        "experiment",
        run_inputs.experiment,
        "correct what the message names (docs/experiments.md, docs/repositories.md)",
        after=("settings", "token", "secret"),
    ),
    Check(
        "populations",
        "populations",
        run_inputs.populations,
        "check `population_data` (docs/getting-started.md)",
        after=("settings", "experiment"),
    ),
)


def cloud_checks() -> tuple[Check, ...]:
    """Return the checks for Google Batch; their libraries are slow to import, and optional."""
    from epyflow.operations.doctor.cloud_checks import CLOUD

    return CLOUD


def slurm_checks() -> tuple[Check, ...]:
    """Return the checks for Slurm."""
    from epyflow.operations.doctor.slurm_checks import SLURM

    return SLURM


def chosen(checks: Iterable[Check], wanted: Iterable[str]) -> tuple[Check, ...]:
    """Return the checks with some ids and those that they depend on; without ids, all.

    Raises
    ------
    EpyflowError
        If there is no check of that id.
    """
    known = {check.id: check for check in checks}
    pending, kept = list(wanted), set[str]()
    if not pending:
        return tuple(known.values())
    while pending:
        name = pending.pop()
        if name not in known:
            hint = did_you_mean(name, known)
            raise EpyflowError(f"there is no check {name!r}{hint}; there are {listed(known, 50)}")
        if name not in kept:
            kept.add(name)
            before = (*known[name].after, *([SERVICES_CHECK] if known[name].service else []))
            pending += [each for each in before if each in known]
    return tuple(check for check in known.values() if check.id in kept)
