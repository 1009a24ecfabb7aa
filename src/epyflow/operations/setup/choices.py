"""Choose settings from options, existing files and answers, for the files to write."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.experiment.reading.experiment_files import locate
from epyflow.google.site import Site, read_file, read_site
from epyflow.google.site_file import configured_site, site_path, values_of
from epyflow.operations.setup.gcloud_defaults import gcloud_project, guess_site
from epyflow.operations.setup.layers import read_layers
from epyflow.operations.setup.proposal import File, settings_file, site_file, slurm_site_file
from epyflow.operations.setup.questions import ask_settings, ask_site, ask_slurm, confirm
from epyflow.operations.setup.slurm_defaults import guess_slurm_site, partitions_there
from epyflow.operations.setup.yaml_edit import read_keys
from epyflow.operations.slurm.commands import has_slurm
from epyflow.operations.slurm.site import slurm_site_path
from epyflow.repositories.address import is_address
from epyflow.run.settings import Settings, read_settings
from epyflow.run.written_names import BASE

WORKFLOW = Path("workflow/Snakefile")

_PROPOSED = ("project", "region", "service_account")
"""Keys with a guessed value if there is no terminal to ask on."""


def check_clone() -> None:
    """Refuse a folder that is no clone of the repository.

    Raises
    ------
    UnreadableError
        If it has neither the workflow nor its settings.
    """
    if not (BASE.is_file() or WORKFLOW.is_file()):
        raise UnreadableError(
            f"there is neither {BASE} nor {WORKFLOW} here; change to the folder of the repository"
        )


def choose_settings(given: Mapping[str, Any], config: list[str], *, asking: bool) -> dict[str, Any]:
    """Return the settings of runs to write.

    Parameters
    ----------
    given
        Values of options.
    config
        Texts ``KEY=VALUE`` of ``--config``.
    asking
        Whether there is a terminal to ask on.
    """
    layers = read_layers((), config, base=Path(), environment={})
    chosen = {**given, **(layers[0].values if layers else {}), **given}
    return ask_settings(chosen, read_keys(BASE)) if asking else chosen


def choose_site(
    given: Mapping[str, Any], outputs: str | None, cloud: bool | None, *, asking: bool
) -> dict[str, Any] | None:
    """Return the settings of profiles/gcp to write; None to leave its file as it is.

    Parameters
    ----------
    given
        Values of options.
    outputs
        Output of ``terraform output -json``.
    cloud
        Whether to write the file; None: if an option is given, or after asking.
    asking
        Whether there is a terminal to ask on.
    """
    chosen = {**({} if outputs is None else values_of(outputs)), **given}
    now = configured_site()
    if cloud is None:
        cloud = bool(chosen)
        if asking and not cloud:
            proposed = bool(now or gcloud_project())
            cloud = confirm("Also prepare runs on Google Batch?", default=proposed)
    if not cloud:
        return None
    likely = guess_site({**now, **chosen})
    if asking:
        return ask_site(chosen, likely)
    known = {**{name: likely[name] for name in _PROPOSED if name in likely}, **now, **chosen}
    missing = [
        f"--{name.replace('_', '-')}: missing; expected {field.description}, such as "
        f"{(field.examples or [''])[0]}"
        for name, field in Site.model_fields.items()
        if field.is_required() and name not in known and name != "image"
    ]
    if missing:
        raise EpyflowError("\n".join(missing))
    return known


def choose_slurm(
    given: Mapping[str, Any], slurm: bool | None, *, asking: bool
) -> dict[str, Any] | None:
    """Return the settings of profiles/slurm to write; None to leave its file as it is.

    Parameters
    ----------
    given
        Values of options.
    slurm
        Whether to write the file; None: if an option is given, or after asking where Slurm is.
    asking
        Whether there is a terminal to ask on.

    Raises
    ------
    EpyflowError
        If nothing is known of the cluster.
    """
    if slurm is None:
        slurm = bool(given)
        if asking and not slurm and has_slurm():
            slurm = confirm("Also prepare runs on Slurm?", default=True)
    if not slurm:
        return None
    likely = guess_slurm_site({**read_file(slurm_site_path()), **given})
    if asking:
        likely = ask_slurm(given, likely, [each.name for each in partitions_there()])
    if not likely:
        raise EpyflowError(
            "--slurm: Slurm does not answer on this machine; run this on a login node of the "
            "cluster, or give --partition"
        )
    return likely


def propose_files(
    of_runs: Mapping[str, Any],
    of_cloud: Mapping[str, Any] | None,
    of_slurm: Mapping[str, Any] | None = None,
) -> list[File]:
    """Return the files to write.

    Raises
    ------
    EpyflowError
        Naming what is missing or wrong.
    """
    proposed = (
        settings_file(of_runs),
        None if of_cloud is None else site_file(of_cloud),
        None if of_slurm is None else slurm_site_file(of_slurm),
    )
    return [file for file in proposed if file is not None]


def next_steps() -> list[str]:
    """Return the commands to type next."""
    steps = [] if _experiment_is_there() else ["write the experiment (docs/getting-started.md)"]
    if "image" in configured_site() or not read_file(site_path()):
        steps.append("epyflow doctor")
    else:
        steps += ["make image-push", "epyflow doctor"]
    if slurm_site_path().is_file():
        return ["make setup WITH=slurm", *steps, "snakemake --profile profiles/slurm"]
    try:
        read_site()
    except EpyflowError:
        return [*steps, "make run"]
    return [*steps, "snakemake --profile profiles/gcp"]


def _experiment_is_there() -> bool:
    found: Settings = read_settings(read_keys(BASE))
    if is_address(found.experiments_root):
        return True
    try:
        locate(found.experiment, found.root)
    except EpyflowError:
        return False
    return True
