"""Read a user's settings of a Slurm cluster: partition, account, quality of service.

``profiles/slurm/config.yaml`` reads them when Snakemake starts.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from epyflow.errors import EpyflowError
from epyflow.google.site import read_file
from epyflow.strict import Strict, shown
from epyflow.suggest import did_you_mean, listed

FILE, FILE_VARIABLE = Path("profiles/slurm/site.yaml"), "EPYFLOW_SLURM_SITE"

_HEADER = """\
# What profiles/slurm/config.yaml does not know; site.example.yaml describes each key. Written by
# `epyflow init --slurm`: what it does not change stays, but no comments.
"""


def _name(expected: str, example: str, pattern: str = r"^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$") -> Any:
    return Field(default=None, description=expected, pattern=pattern, examples=[example])


class SlurmSite(Strict):
    """The part of ``profiles/slurm`` that differs between its users. It holds no secret."""

    partition: str | None = _name(
        "the partition, or several with commas; absent: the cluster's default",
        "short",
        r"^[A-Za-z0-9_][A-Za-z0-9_.@+-]*(,[A-Za-z0-9_][A-Za-z0-9_.@+-]*)*$",
    )
    account: str | None = _name(
        "the account that is charged; absent: none is named to Slurm", "epi_lab"
    )
    qos: str | None = _name("the quality of service; absent: that of the account", "normal")
    status_command: Literal["squeue", "sacct"] = Field(
        default="squeue",
        description="the command that reports the states of jobs; sacct needs accounting",
        examples=["squeue"],
    )

    def resources(self) -> list[str]:
        """Return the resources of every job, as for ``--default-resources``.

        Values are quoted, because Snakemake evaluates them: ``2-days`` would be a subtraction.
        """
        named = {"slurm_partition": self.partition, "slurm_account": self.account, "qos": self.qos}
        return [f"{name}={value!r}" for name, value in named.items() if value is not None]


def slurm_site_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the settings file."""
    return Path(environment.get(FILE_VARIABLE) or FILE)


def read_slurm_site(path: Path | None = None) -> SlurmSite:
    """Read the settings; without a file, those of a cluster with a default partition.

    Raises
    ------
    EpyflowError
        Naming every setting that is wrong, and what to do.
    """
    path = path or slurm_site_path()
    return _validated(read_file(path), path)


def site_of_profile() -> SlurmSite:
    """Read the settings for ``profiles/slurm/config.yaml``.

    Raises
    ------
    SystemExit
        With the message of :func:`read_slurm_site`; Snakemake would print its options before it.
    """
    try:
        return read_slurm_site()
    except EpyflowError as error:
        raise SystemExit(str(error)) from None


def slurm_site_text(values: Mapping[str, Any], path: Path = FILE) -> str:
    """Return the content of the file with changed settings; nothing is written.

    Raises
    ------
    EpyflowError
        As :func:`read_slurm_site`.
    """
    content = read_file(path) | dict(values)
    _validated(content, path)
    ordered = {name: content[name] for name in SlurmSite.model_fields if name in content}
    return _HEADER + yaml.safe_dump(ordered, sort_keys=False)


def _validated(content: Mapping[str, Any], path: Path) -> SlurmSite:
    try:
        return SlurmSite.model_validate(dict(content))
    except ValidationError as error:
        lines = []
        for each in error.errors(include_url=False):
            name, known = str(each["loc"][0]), list(SlurmSite.model_fields)
            if name not in known:
                hint = did_you_mean(name, known)
                lines.append(f"{path}: unknown key {name!r}{hint}; there are {listed(known)}")
                continue
            field = SlurmSite.model_fields[name]
            example = (field.examples or [""])[0]
            lines.append(
                f"{path}: {name}: {shown(each['input'])} is not right; expected "
                f"{field.description}: text such as {example!r}, a number in quotes"
            )
        raise EpyflowError("\n".join(lines)) from None
