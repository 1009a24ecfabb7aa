"""Check the inputs of a run: settings, experiment, populations, token for its repository."""

import shlex

from epyflow.errors import PopulationError
from epyflow.inputs.fan_out import plan
from epyflow.operations.cost.profile import FILE
from epyflow.operations.doctor.check import CheckResult, failed, ok, warning
from epyflow.operations.doctor.context import Context
from epyflow.population.store import PopulationStore
from epyflow.repositories.token import FILE_VARIABLE, VARIABLE, VARIABLES, read_token
from epyflow.run.written_names import BASE
from epyflow.suggest import counted, listed

SETTINGS_REMEDY = f"correct {BASE}, or write it with epyflow init"
TOKEN_REMEDY = f"set one of {', '.join(VARIABLES)} (docs/repositories.md)"


def settings(context: Context) -> CheckResult:
    """Check that the settings are valid."""
    found = context.settings
    where = f"{found.experiment} in {found.experiments_root}, run_id {found.run_id}"
    return ok(f"experiment {where}")


def token(context: Context) -> CheckResult:
    """Check that the token of this machine can be read; the token is not shown."""
    given = [name for name in (VARIABLE, FILE_VARIABLE) if context.environment.get(name)]
    if not given:
        return ok("no token is set; public repositories and folders need none")
    read_token(context.environment)
    return ok(f"the token is in {given[0]}")


def experiment(context: Context) -> CheckResult:
    """Check that the experiment exists and is valid; it may be fetched from a repository."""
    place = context.sources.place
    found, problems = context.inspected
    errors = [problem for problem in problems if problem.severity == "error"]
    remedy = f"epyflow validate {shlex.quote(str(place.folder))}"
    if errors or found is None:
        return failed(f"{place.exp_id}: {counted(len(errors), 'error')}: {errors[0]}", remedy)
    planned = plan(found, context.settings.members_per_task)
    summary = f"{place.exp_id}: {planned.strategy}, {counted(planned.task_count, 'task')}"
    if problems:
        return warning(f"{summary}; {problems[0]}", remedy)
    return ok(summary)


def populations(context: Context) -> CheckResult:
    """Check whether the experiment's populations are on this machine or will be downloaded."""
    store = context.sources.store
    folder = " and ".join(str(each) for each in store.folders.values() if each.is_dir())
    if not folder:
        return ok("no folder is set: epydemix-data is downloaded once and kept")
    found, _ = context.inspected
    wanted = [] if found is None else [each.name for each in plan(found).populations]
    absent = [name for name in wanted if not _is_held(store, name)]
    if absent:
        return warning(
            f"{folder} lacks {len(absent)} of {len(wanted)}, which will be downloaded: "
            f"{listed(absent)}",
            "without a network, copy epydemix-data and set population_data to its folder",
        )
    return ok(f"{len(wanted)} in {folder}")


def profile(context: Context) -> CheckResult:
    """Check that the profile for Google Batch can be read."""
    rules = context.profile.rules
    most = (
        context.profile.shape("run_task") if "run_task" in rules else next(iter(rules.values()))[0]
    )
    return ok(
        f"{context.profile_file}: {len(rules)} rules; tasks on {most.machine}, "
        f"{most.parallelism} at once"
    )


PROFILE_REMEDY = f"correct the file, or restore it: git checkout {FILE}"


def _is_held(store: PopulationStore, name: str) -> bool:
    try:
        store.files(name)
    except PopulationError:
        return False
    return True
