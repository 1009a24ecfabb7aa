"""Write the command lines of Snakemake that run an experiment or report on it, and run them."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import epyflow
from epyflow.errors import EpyflowError
from epyflow.google.site import FILE as GCP_SITE
from epyflow.google.site import FILE_VARIABLE as GCP_SITE_VARIABLE
from epyflow.operations.secret_variables import GIT_TOKENS, NOTIFICATION_SECRETS, without_secrets
from epyflow.operations.slurm.site import FILE as SLURM_SITE
from epyflow.operations.slurm.site import FILE_VARIABLE as SLURM_SITE_VARIABLE
from epyflow.suggest import did_you_mean, listed

SNAKEFILE, PROFILES = Path("workflow/Snakefile"), Path("profiles")
LOCAL, SNAKEMAKE = "local", "snakemake"
WITHOUT_RUN = frozenset({"--dry-run", "--dryrun", "-n", "--unlock"})
"""Options with which Snakemake runs no job, so that there is nothing to report on."""
PARTIAL_RUN = frozenset({"--until", "-U", "--omit-from", "-O"})
"""Options with which Snakemake leaves out jobs, so that a report lacks its files."""

_RESERVED = {
    *("--config", "-C", "--configfile", "--configfiles", "--profile", "--workflow-profile"),
    *("--directory", "-d", "--snakefile", "-s", "--report"),
}
"""Options that have an option of ours: Snakemake takes the last of two."""
_PROFILE_VARIABLE = "SNAKEMAKE_PROFILE"
_SITES = {GCP_SITE_VARIABLE: GCP_SITE, SLURM_SITE_VARIABLE: SLURM_SITE}
_HAS_JOBS = re.compile(r"(?m)^(cores|jobs):")
_REMOTE = re.compile(r"(?m)^executor: *(?!slurm|local)(\S+)")


@dataclass(frozen=True)
class SnakemakeCommand:
    """A command line of Snakemake.

    Attributes
    ----------
    arguments
        The program and its arguments.
    variables
        Environment variables that it needs besides those of this process.
    secrets
        Variables with secrets that it needs; it gets no others.
    """

    arguments: Sequence[str]
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Collection[str] = NOTIFICATION_SECRETS

    def __str__(self) -> str:
        """Return the command as a shell takes it."""
        given = [f"{name}={value}" for name, value in self.variables.items()]
        return shlex.join([*(["env", *given] if given else []), *self.arguments])


@dataclass(frozen=True)
class Start:
    """What a command of Snakemake is written from.

    Attributes
    ----------
    profile
        A name in ``profiles/``, or a path. None: that of the environment, else ``local``.
    cores
        For ``--cores``; None: the profile's, else all.
    files, settings
        For ``--configfile`` and ``--config``.
    arguments
        Other arguments of Snakemake.
    fetches
        Whether it fetches the experiments from a repository.
    """

    profile: str | None
    cores: str | None
    files: Sequence[Path]
    settings: Sequence[str]
    arguments: Sequence[str]
    fetches: bool = False


def write_command(start: Start, *others: str, project: Path | None = None) -> SnakemakeCommand:
    """Write a command of Snakemake with the workflow of this installation.

    Parameters
    ----------
    start
        What it is to run.
    others
        Arguments before those of ``start``.
    project
        The folder with ``workflow/`` and ``profiles/``; None: that of this package.

    Raises
    ------
    EpyflowError
        If there is no such profile, an argument has an option of ours, or jobs on other machines
        would not get the workflow. If there is no workflow; a profile that Snakemake's variable
        names, as in the container image, may name one.
    """
    reserved = [each for each in start.arguments if each.partition("=")[0] in _RESERVED]
    if reserved:
        raise EpyflowError(
            f"{', '.join(reserved)} after `--`: expected the option of epyflow before `--`; "
            "--help lists them"
        )
    given = start.profile is None and os.environ.get(_PROFILE_VARIABLE)
    try:
        project = project or project_folder()
    except EpyflowError:
        if not given:
            raise
    arguments, cores = [find_program(SNAKEMAKE)], start.cores
    if project is not None and not _is_here(project):
        arguments += ["-s", str(project / SNAKEFILE)]
    if project is not None and not given:
        profile = _profile(start.profile or LOCAL, project)
        arguments += ["--profile", str(profile)]
        text = _read(profile / "config.yaml")
        cores = cores or (None if _HAS_JOBS.search(text) else "all")
        _check_place(text, project)
    arguments += [] if cores is None else ["--cores", cores]
    arguments += [*others, *start.arguments]
    for option, values in (("--configfile", start.files), ("--config", start.settings)):
        arguments += [option, *map(str, values)] if values else []
    variables = {} if project is None else _site_variables(project)
    secrets = (*NOTIFICATION_SECRETS, *(GIT_TOKENS if start.fetches else ()))
    return SnakemakeCommand(arguments, variables, secrets)


def project_folder() -> Path:
    """Return the folder with ``workflow/`` and ``profiles/`` of this installation.

    Raises
    ------
    EpyflowError
        If the package was installed without them.
    """
    source = Path(epyflow.__file__).resolve().parents[2]
    for folder in (source, Path.cwd()):
        if (folder / SNAKEFILE).is_file() and (folder / PROFILES).is_dir():
            return folder
    raise EpyflowError(
        f"no {SNAKEFILE} beside the package ({source}) or in this folder; expected epyflow "
        "installed from a clone of its repository (make setup)"
    )


def run_commands(commands: Iterable[SnakemakeCommand]) -> int:
    """Run commands one after another until one fails; return its exit code, as a shell does.

    A terminal sends Ctrl-C to the running command, too; other signals are passed on to it. After a
    signal, no further command starts.
    """
    received: list[int] = []
    running: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        del frame
        received.append(number)
        for each in running:
            _send(each, number)

    # Handlers are not inherited by a new program, whereas an ignored signal is.
    before = {each: signal.signal(each, pass_on) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        for command in commands:
            environment = {**without_secrets(command.secrets), **command.variables}
            running[:] = [child := _started(command.arguments, environment)]
            for number in received:  # while it was started
                _send(child, number)
            code = child.wait()
            if code or received:
                return code if code > 0 else 128 + (-code or received[-1])
        return 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _started(arguments: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a command; Snakemake so that Ctrl-C leaves no traceback while it is imported."""
    if Path(arguments[0]).name != SNAKEMAKE:
        return subprocess.Popen(arguments, env=environment)  # noqa: S603 - printed
    same = [sys.executable, "-P", "-m", "epyflow.run", *arguments]
    # A new program inherits the mask.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return subprocess.Popen(same, env=environment)  # noqa: S603 - printed
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _send(child: "subprocess.Popen[bytes]", number: int) -> None:
    if not (number == signal.SIGINT and sys.stdin.isatty()):
        child.send_signal(number)


def find_program(name: str) -> str:
    """Return a program of this Python's installation, as short as a shell here finds it."""
    found = Path(sys.executable).with_name(name)
    if shutil.which(name) == str(found):
        return name
    here = Path.cwd()
    return str(found.relative_to(here)) if found.is_relative_to(here) else str(found)


def _is_here(project: Path) -> bool:
    return Path.cwd() == project


def _profile(name: str, project: Path) -> Path:
    """Return the folder of a profile."""
    base = PROFILES if _is_here(project) else project / PROFILES
    for folder in (base / name, Path(name)):
        if (folder / "config.yaml").is_file():
            return folder
    known = sorted(each.parent.name for each in base.glob("*/config.yaml"))
    raise EpyflowError(
        f"--profile {name}: no folder with a config.yaml{did_you_mean(name, known)}; expected one "
        f"of {listed(known)}, or a path"
    )


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EpyflowError(f"{file}: cannot be read: {error}; expected YAML in UTF-8") from None


def _check_place(profile: str, project: Path) -> None:
    """Refuse jobs on machines that get what git tracks below the working directory."""
    if _REMOTE.search(profile) and not _is_here(project):
        raise EpyflowError(
            "machines of this profile get the workflow from the working directory; expected a "
            f"start in its folder: cd {shlex.quote(str(project))}"
        )


def _site_variables(project: Path) -> dict[str, str]:
    """Name the project's files of a user's settings where this folder has none."""
    return {
        variable: str(project / file)
        for variable, file in _SITES.items()
        if not (os.environ.get(variable) or file.is_file()) and (project / file).is_file()
    }
