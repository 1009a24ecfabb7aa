"""From options, answers and what is there to the files that would be written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.experiment.reading.experiment_files import locate
from epyflow.google.site import Site, read_file, read_site
from epyflow.google.site_file import configured_site, site_path, values_of
from epyflow.operations.setup.ask import agreed, ask_settings, ask_site
from epyflow.operations.setup.detect import likely_site, project_of_gcloud
from epyflow.operations.setup.layers import BASE, read_layers
from epyflow.operations.setup.proposal import File, settings_file, site_file
from epyflow.operations.setup.yaml_edit import read_keys
from epyflow.repositories.address import is_address
from epyflow.run.settings import Settings, read_settings

WORKFLOW = Path("workflow/Snakefile")

_PROPOSED = ("project", "region", "service_account")
"""What is taken without a question, where there is nobody to ask."""


def check_place() -> None:
    """Refuse a folder that is no clone.

    Raises
    ------
    UnreadableError
        If there is neither a workflow nor its settings.
    """
    if not (BASE.is_file() or WORKFLOW.is_file()):
        raise UnreadableError(
            f"there is neither {BASE} nor {WORKFLOW} here; go to the folder of the repository first"
        )


def settings(given: Mapping[str, Any], config: list[str], *, asking: bool) -> dict[str, Any]:
    """Return the settings of runs that were chosen.

    Parameters
    ----------
    given
        By options of their own.
    config
        ``KEY=VALUE``.
    asking
        Whether a person can be asked.
    """
    layers = read_layers((), config, base=Path())
    chosen = {**given, **(layers[0].values if layers else {}), **given}
    return ask_settings(chosen, read_keys(BASE)) if asking else chosen


def site(
    given: Mapping[str, Any], outputs: str | None, cloud: bool | None, *, asking: bool
) -> dict[str, Any] | None:
    """Return what profiles/gcp was told; None where it is left alone.

    Parameters
    ----------
    given
        By options.
    outputs
        Of terraform.
    cloud
        Whether it is to be written; None: find out.
    asking
        Whether a person can be asked.
    """
    chosen = {**({} if outputs is None else values_of(outputs)), **given}
    now = configured_site()
    if cloud is None:
        cloud = bool(chosen)
        if asking and not cloud:
            proposed = bool(now or project_of_gcloud())
            cloud = agreed("Prepare runs on Google Batch, too?", default=proposed)
    if not cloud:
        return None
    likely = likely_site({**now, **chosen})
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


def files(of_runs: Mapping[str, Any], of_cloud: Mapping[str, Any] | None) -> list[File]:
    """Return the files that would be written.

    Raises
    ------
    EpyflowError
        Naming what is missing or wrong.
    """
    proposed = (settings_file(of_runs), None if of_cloud is None else site_file(of_cloud))
    return [file for file in proposed if file is not None]


def next_steps() -> list[str]:
    """Return what to do now, by what is configured."""
    steps = [] if _experiment_is_there() else ["write the experiment (docs/getting-started.md)"]
    if "image" in configured_site() or not read_file(site_path()):
        steps.append("epyflow doctor")
    else:
        steps += ["make image-push", "epyflow doctor"]
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
