"""Read the settings of a user's Google Cloud project: region, bucket, image, account, network.

``profiles/gcp/config.yaml`` reads them first, when Snakemake starts.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from epyflow.errors import EpyflowError
from epyflow.strict import IMAGE_BY_DIGEST, Strict
from epyflow.suggest import did_you_mean, listed
from epyflow.yaml_files import read_yaml

FILE = Path("profiles/gcp/site.yaml")
FILE_VARIABLE = "EPYFLOW_GCP_SITE"
VARIABLE_PREFIX = "EPYFLOW_GCP_"

_EXPERIMENT = "{exp_id}"
_EMAIL = r"^[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*$"
_PROJECT = "projects/[a-z0-9][a-z0-9.:-]*"
_NETWORK = rf"^({_PROJECT}/)?(global|regions/[a-z0-9-]+)/(sub)?networks/[a-z0-9-]+$"


def _text(pattern: str, expected: str, example: str) -> Any:
    return Field(description=expected, pattern=pattern, examples=[example])


class Site(Strict):
    """The part of ``profiles/gcp`` that differs between its users. It holds no secret."""

    project: str = _text(
        r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$", "the id of a Google Cloud project", "my-project"
    )
    region: str = _text(r"^[a-z]+-[a-z]+[0-9]+$", "the region of the VMs", "us-central1")
    storage: str = _text(
        r"^gs://[a-z0-9][a-z0-9._-]+[a-z0-9](/([^\s/?#*{}\[\]]|\{environment\}|\{exp_id\})+)*$",
        "the bucket for results, and a folder in it, without any of ? # * [ ], and with no other "
        "placeholders than {environment} and {exp_id}",
        "gs://my-bucket/epyflow",
    )
    image: str = _text(
        f"^{IMAGE_BY_DIGEST}$",
        "the workers' container image by its digest, because a tag can move during a run",
        "us-central1-docker.pkg.dev/my-project/epyflow/cloud@sha256:<64 digits>",
    )
    service_account: str = _text(
        _EMAIL, "the account that tasks run as", "tasks@my-project.iam.gserviceaccount.com"
    )
    coordinator_service_account: str | None = Field(
        default=None,
        description="the account that a coordinator in the cloud runs as (epyflow submit)",
        pattern=_EMAIL,
        examples=["epyflow-coordinator@my-project.iam.gserviceaccount.com"],
    )
    network: str | None = Field(
        default=None,
        description="the network of the VMs; absent: the project's default network",
        pattern=_NETWORK,
        examples=["projects/my-project/global/networks/epyflow"],
    )
    subnetwork: str | None = Field(
        default=None,
        description="the subnetwork, in the region, with Private Google Access",
        pattern=_NETWORK,
        examples=["projects/my-project/regions/us-central1/subnetworks/epyflow"],
    )
    zones: str | None = Field(
        default=None,
        description="zones of the region in which VMs may be, separated by commas; absent: all",
        examples=["us-central1-a,us-central1-c"],
    )
    environment: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,63}$")] = Field(
        default="dev",
        description="a label on everything that costs money, such as dev or prod; in `storage`, it "
        "stands for {environment}",
        examples=["prod"],
    )

    notify_topic: str | None = Field(
        default=None,
        description="a Pub/Sub topic that gets a message when a coordinator in the cloud ends",
        pattern=rf"^{_PROJECT}/topics/[A-Za-z0-9._~%+-]+$",
        examples=["projects/my-project/topics/epyflow-runs"],
    )
    notify_webhook_secret: str | None = Field(
        default=None,
        description="the secret in Secret Manager with the URL of a webhook, which gets the same "
        "message",
        pattern=rf"^{_PROJECT}/secrets/[A-Za-z0-9_-]+(/versions/[A-Za-z0-9_-]+)?$",
        examples=["projects/my-project/secrets/epyflow-webhook"],
    )

    @field_validator("zones")
    @classmethod
    def _are_in_the_region(cls, zones: str | None, given: ValidationInfo) -> str | None:
        # Google Batch refuses others. Without a region, the form of the name is known.
        pattern = rf"{given.data.get('region', '[a-z]+-[a-z]+[0-9]+')}-[a-z0-9]+"
        if not all(re.fullmatch(pattern, zone.strip()) for zone in (zones or "").split(",")):
            raise ValueError("a zone is not in the region")
        return zones

    @field_validator("storage")
    @classmethod
    def _resolves_to_itself(cls, storage: str) -> str:
        if {".", ".."} & set(storage.split("/")):
            raise ValueError("a folder is '.' or '..'")
        return storage

    @model_validator(mode="before")
    @classmethod
    def _fill_environment(cls, given: Any) -> Any:
        storage = given.get("storage") if isinstance(given, dict) else None
        if not isinstance(storage, str):
            return given
        environment = given.get("environment", cls.model_fields["environment"].default)
        return given | {"storage": storage.replace("{environment}", str(environment))}

    def of_experiment(self, exp_id: str) -> Self:
        """Return the settings with the experiment's folder in ``storage``."""
        return self.model_copy(update={"storage": fill_prefix(self.storage, exp_id)})

    @property
    def shared_storage(self) -> str:
        """The part of ``storage`` that is the same for all experiments."""
        return shared_storage(self.storage, self.environment)

    def labels(self, stage: str) -> str:
        """Return the labels of a stage's jobs and VMs, as Snakemake's expression for a resource.

        Parameters
        ----------
        stage
            ``build``, ``run``, ``tables``, ``hub`` or ``figures``.
        """
        text = ",".join(f"{key}={value}" for key, value in self.fixed_labels(stage).items())
        # A local job of a rule without wildcards is asked, too; it needs no labels.
        run = (f"',{key}=' + wildcards.get('{key}', '')" for key in ("exp_id", "run_id"))
        return " + ".join((f"'{text}'", *run))

    def fixed_labels(self, stage: str) -> dict[str, str]:
        """Return the labels of a stage's jobs and VMs without those of the run."""
        return {
            "component": "epyflow",
            "stage": stage,
            "environment": self.environment,
            "managed-by": "snakemake",
        }


def shared_storage(storage: str, environment: str | None = None) -> str:
    """Return the part of a storage prefix that is the same for all experiments.

    Parameters
    ----------
    storage
        As written, with ``{environment}`` and ``{exp_id}`` or without.
    environment
        None is the default of settings.
    """
    name = environment or str(Site.model_fields["environment"].default)
    shared, placeholder, _ = storage.replace("{environment}", name).partition(_EXPERIMENT)
    return shared.rpartition("/")[0] if placeholder else shared


def fill_prefix(prefix: str, exp_id: str) -> str:
    """Return a storage prefix with an experiment's id in place of ``{exp_id}``."""
    return prefix.replace(_EXPERIMENT, exp_id)


def read_site(environment: Mapping[str, str] = os.environ) -> Site:
    """Read the settings from environment variables, and from the file if a variable is not set.

    Parameters
    ----------
    environment
        ``EPYFLOW_GCP_PROJECT`` and so on, one for each field; ``EPYFLOW_GCP_SITE`` names a file
        to read instead of ``profiles/gcp/site.yaml``.

    Raises
    ------
    EpyflowError
        Naming every setting that is missing or wrong, and what to do.
    """
    named = environment.get(FILE_VARIABLE)
    path = Path(named) if named else FILE
    if named and not path.is_file():
        raise EpyflowError(f"{FILE_VARIABLE} names {path}, which does not exist")
    try:
        return Site.model_validate(read_file(path) | variables_given(environment))
    except ValidationError as error:
        raise EpyflowError(explain(error, path)) from None


def variable(name: str) -> str:
    """Return the environment variable for a field of :class:`Site`."""
    return VARIABLE_PREFIX + name.upper()


def variables_given(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that environment variables set; an empty variable sets none.

    pydantic-settings would do the same, but reads the environment in ``model_validate`` too, does
    not say which file is wrong, and takes 0.2 s to import.
    """
    found = {name: environment.get(variable(name), "") for name in Site.model_fields}
    return {name: text for name, text in found.items() if text}


def variables_of(site: Site) -> dict[str, str]:
    """Return the environment variables from which :func:`read_site` makes the same settings."""
    values = site.model_dump(exclude_none=True)
    return {variable(name): str(value) for name, value in values.items()}


def explain(error: ValidationError, path: Path) -> str:
    """Return the message for settings that are missing or wrong, and where to give them."""
    lines = [f"  {_line(each, path)}" for each in error.errors(include_url=False)]
    return "settings of Google Cloud are missing or wrong:\n" + "\n".join(lines)


def site_of_profile() -> Site:
    """Read the settings for ``profiles/gcp/config.yaml``.

    Raises
    ------
    SystemExit
        With the message of :func:`read_site`: Snakemake would print all its options before it.
    """
    try:
        return read_site()
    except EpyflowError as error:
        raise SystemExit(str(error)) from None


def read_file(path: Path) -> dict[str, Any]:
    """Return the keys and values of a settings file; none if there is no file.

    Raises
    ------
    EpyflowError
        If it exists and cannot be read.
    """
    content = read_yaml(path) if path.exists() else None
    if content is not None and not isinstance(content, dict):
        raise EpyflowError(f"{path}: expected keys and values, as in site.example.yaml")
    return {str(key): value for key, value in (content or {}).items()}


def _line(details: ErrorDetails, path: Path) -> str:
    name = str(details["loc"][0])
    if details["type"] == "extra_forbidden":
        known = list(Site.model_fields)
        return f"{path}: unknown key {name!r}{did_you_mean(name, known)}; there are {listed(known)}"
    field = Site.model_fields[name]
    example = (field.examples or [""])[0]
    wrong = "missing" if details["type"] == "missing" else f"{details['input']!r} is not right"
    return (
        f"{name}: {wrong}; expected {field.description}, such as {example}: "
        f"set {variable(name)}, or {name} in {path}"
    )
