"""Slurm's commands, each a script that prints what a test wants it to."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

ACCOUNTED = {
    "sinfo": "day*|up|1-00:00:00|64000\nday*|up|1-00:00:00|128000\nlong|up|infinite|64000\n"
    "short|up|1:00:00|64000\nold|down|30-00:00:00|64000\n",
    "scontrol": "Configuration data as of 2026-11-29T03:48:53\n"
    "ClusterName             = campus\nMaxArraySize            = 1001\n"
    "MinJobAge               = 300 sec\nSLURM_VERSION           = 23.11.4\n",
    "sacctmgr": "epi_lab\n",
    "sacct": "",
    "squeue": "",
    **dict.fromkeys(("sbatch", "scancel", "srun", "which"), ""),
}
"""A cluster with accounting: what each command prints."""

ALONE = ACCOUNTED | {"sacct": None, "sacctmgr": None}
"""The same without accounting: None is a command that fails."""


def install(
    folder: Path, answers: Mapping[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Put the commands into a folder, the only one on PATH but for the shell's; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, said in answers.items():
        does = "echo 'accounting is disabled' >&2; exit 1" if said is None else ""
        script = folder / name
        script.write_text(f"#!/bin/sh\n{does or f'printf %s {shlex.quote(said or str())}'}\n")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/nowhere")
    return folder
