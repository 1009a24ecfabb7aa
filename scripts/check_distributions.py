"""Check the wheels that `make dist` built: versions, each wheel alone, and the packages' tests.

Each wheel is installed with its dependencies alone into an empty environment of every Python from
3.11 to 3.14 that it admits and that uv finds on this machine. The tests of the packages run against
the wheels on one of them.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = ROOT / ".tools" / "uv"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
IMPORT = """\
import sys
from importlib import import_module
from importlib.metadata import distribution

found = distribution(sys.argv[1])
for file in found.files:
    if len(file.parts) == 2 and file.name == "__init__.py":
        import_module(file.parts[0])
print(*(each.name for each in found.entry_points if each.group == "console_scripts"))
"""
PLUGIN = """\
from snakemake_interface_{kind}_plugins.registry import {Kind}PluginRegistry

assert {Kind}PluginRegistry().is_installed("{name}"), "Snakemake does not find the plugin {name}"
"""


@dataclass(frozen=True)
class Project:
    """A folder with a pyproject.toml: its name, version and the Pythons that it admits."""

    folder: Path
    name: str
    version: str
    requires_python: str

    @property
    def wheel(self) -> str:
        """The start of the wheel's name."""
        return f"{self.name.replace('-', '_')}-{self.version}-"


def read_project(folder: Path) -> Project:
    """Read a pyproject.toml."""
    table = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Project(folder, table["name"], table["version"], table["requires-python"])


def version_problems(project: Project, built: list[str]) -> list[str]:
    """Return where a version differs from the newest of the changelog or from the wheels.

    Parameters
    ----------
    built
        Names of the files in dist/.
    """
    problems = []
    text = (project.folder / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[([^\]]+)\]", text, re.MULTILINE)
    if newest is None or newest[1] != project.version:
        found = newest[1] if newest else "no version"
        problems.append(
            f"{project.name}: CHANGELOG.md begins with {found}, pyproject.toml has "
            f"{project.version}; expected the same"
        )
    if sum(name.startswith(project.wheel) for name in built) != 1:
        problems.append(f"{project.name}: dist/ has not one wheel {project.wheel}*.whl")
    return problems


def admits(requires_python: str, python: str) -> bool:
    """Tell whether ``>=3.11,<3.14`` admits 3.12; other forms are not used here."""
    minor = int(python.partition(".")[2])
    lowest = re.search(r">=3\.(\d+)", requires_python)
    limit = re.search(r"<3\.(\d+)", requires_python)
    return (lowest is None or minor >= int(lowest[1])) and (limit is None or minor < int(limit[1]))


def find_pythons() -> dict[str, str]:
    """Return the interpreters on this machine, by version; name the versions that are missing."""
    found = {}
    for version in PYTHONS:
        command = [UV, "python", "find", "--no-project", "--no-python-downloads", version]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            found[version] = done.stdout.strip()
        else:
            print(f"Python {version} is not on this machine: nothing is checked on it", flush=True)
    return found


def run(*command: str | Path, folder: Path) -> str:
    """Run a command in a folder and return what it prints; end with its output if it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\n{' '.join(map(str, command[:6]))} failed; see above")
    return done.stdout


def install(dist: Path, python: str, folder: Path, *requirements: str | Path) -> Path:
    """Make an environment with requirements; return the folder of its commands."""
    run(UV, "venv", "--quiet", "--no-project", "--python", python, folder / "env", folder=folder)
    interpreter = folder / "env" / "bin" / "python"
    target = ("--quiet", "--python", interpreter, "--find-links", dist)
    run(UV, "pip", "install", *target, *requirements, folder=folder)
    run(UV, "pip", "check", "--quiet", "--python", interpreter, folder=folder)
    return interpreter.parent


def check_alone(project: Project, dist: Path, python: str, folder: Path) -> None:
    """Install a wheel alone; import it, start its commands, and let Snakemake find a plugin."""
    (wheel,) = dist.glob(f"{project.wheel}*.whl")
    binaries = install(dist, python, folder, wheel)
    for command in run(binaries / "python", "-c", IMPORT, project.name, folder=folder).split():
        run(binaries / command, "--help", folder=folder)
    if plugin := re.fullmatch(r"snakemake-(\w+)-plugin-(.+)", project.name):
        kind, name = plugin.groups()
        code = PLUGIN.format(kind=kind, Kind=kind.capitalize(), name=name)
        run(binaries / "python", "-c", code, folder=folder)


def check_tests(project: Project, dist: Path, python: str, folder: Path) -> str:
    """Run a package's tests against its wheel, in a copy of its folder; return the last line."""
    (wheel,) = dist.glob(f"{project.wheel}*.whl")
    copy = folder / project.name
    shutil.copytree(project.folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
    group = f"{copy / 'pyproject.toml'}:test"
    binaries = install(dist, python, folder, wheel, "--group", group)
    command = ("-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "tests")
    return run(binaries / "python", *command, folder=copy).strip().splitlines()[-1]


def main() -> None:
    """Check all projects, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path, help="the folder of the wheels")
    parser.add_argument("names", nargs="*", help="projects; default: all")
    given = parser.parse_args()
    dist, pythons = given.dist.resolve(), find_pythons()
    projects = [read_project(f) for f in (ROOT, *sorted((ROOT / "packages").iterdir()))]
    projects = [each for each in projects if not given.names or each.name in given.names]
    built = [path.name for path in dist.glob("*.whl")]
    if problems := [text for each in projects for text in version_problems(each, built)]:
        sys.exit("\n".join(problems))
    for project in projects:
        admitted = [v for v in pythons if admits(project.requires_python, v)]
        for version in admitted:
            with tempfile.TemporaryDirectory() as folder:
                check_alone(project, dist, pythons[version], Path(folder))
            print(
                f"{project.name} {project.version}: installed alone, Python {version}", flush=True
            )
        if project.folder != ROOT:
            with tempfile.TemporaryDirectory() as folder:
                told = check_tests(project, dist, pythons[admitted[0]], Path(folder))
            print(f"{project.name} {project.version}: {told}, Python {admitted[0]}", flush=True)


if __name__ == "__main__":
    main()
