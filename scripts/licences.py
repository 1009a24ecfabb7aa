"""Check the licences of all packages in uv.lock; with --write, list them in docs/licences.md first.

`make licences` writes the list, from the metadata of every package of every group as installed on
this system. `make audit` reads it, so that it needs no network: each locked package has a row with
its version and a licence that pyproject.toml admits ([tool.licences]), and no package of this
project that is under the MIT licence depends on copyleft.
"""

import re
import sys
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
ROW = re.compile(r"^\| `(\S+)` \| (\S+) \| (.+?) \|$", re.MULTILINE)
HEAD = """# Licences

The packages that `uv.lock` names, for whichever group, system or version of Python, with the
licence that each declares. `make licences` writes this page, `make audit` checks it.
`[tool.licences]` in `pyproject.toml` says which licences are admitted: epyflow is under the GPL
(3 or later), the packages in `packages/` are under the MIT licence.

| package | version | licence |
|---|---|---|
"""


def licence_of(package: Distribution) -> str:
    """Return what a package declares: an SPDX expression, or else names, or a line of its text."""
    if expression := package.metadata.get("License-Expression"):
        return expression
    classifiers = package.metadata.get_all("Classifier", [])
    names = [each.split(" :: ")[-1] for each in classifiers if each.startswith("License :: ")]
    if names and names != ["OSI Approved"]:
        return "; ".join(sorted(names))
    texts = [package.metadata.get("License", "")]
    texts += [each.read_text() for each in package.files or [] if each.stem.upper() == "LICENSE"]
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "not declared"


def write(locked: list[dict[str, Any]], known: dict[str, tuple[str, str]]) -> None:
    """Write the page; a package that is for other systems only keeps its row."""
    found = {re.sub(r"[-_.]+", "-", each.name).lower(): each for each in distributions()}
    rows = set()
    for package in locked:
        name, version = package["name"], package["version"]
        licence = licence_of(found[name]) if name in found else known.get(name, ("", "?"))[1]
        rows.add(f"| `{name}` | {version} | {licence} |\n")
    PAGE.write_text(HEAD + "".join(sorted(rows)), encoding="utf-8")


def closure(name: str, needs: dict[str, set[str]]) -> set[str]:
    """Return what a package depends on, directly or through others."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        new = needs[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached


def problems(lock: dict[str, Any], page: str, admitted: dict[str, Any]) -> list[str]:
    """Return what is wrong, one line each.

    Parameters
    ----------
    lock
        uv.lock.
    page
        The text of docs/licences.md.
    admitted
        [tool.licences]: ``permissive`` and ``copyleft`` licences; ``packages``, names of packages
        whose licence nobody else has; ``mit_may_use``, packages that those under MIT may use.
    """
    rows = {(name, version): licence for name, version, licence in ROW.findall(page)}
    licences = {name: licence for (name, _), licence in rows.items()}
    own = [each for each in lock["package"] if "editable" in each["source"]]
    found = []
    for each in lock["package"]:
        name, version = each["name"], each["version"]
        licence = rows.get((name, version))
        if each in own:
            continue
        if licence is None:
            found.append(f"docs/licences.md: no row for {name} {version}; run make licences")
        elif licence not in [*admitted["permissive"], *admitted["copyleft"]]:
            found.append(f"{name} {version}: licence {licence!r} is not in [tool.licences]")
    needs: dict[str, set[str]] = {}
    for each in lock["package"]:
        needs.setdefault(each["name"], set()).update(
            need["name"] for need in each.get("dependencies", [])
        )
    for each in own:
        if each["name"] == "epyflow":
            continue
        for name in sorted(closure(each["name"], needs) - set(admitted["mit_may_use"])):
            if licences.get(name) in admitted["copyleft"]:
                found.append(f"{each['name']} is under MIT but needs {name}: {licences[name]}")
    return found


def main() -> None:
    """Write the page if asked for, and check it."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if "--write" in sys.argv:
        known = {name: (version, licence) for name, version, licence in ROW.findall(page)}
        write([each for each in lock["package"] if "registry" in each["source"]], known)
        page = PAGE.read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = problems(lock, page, project["tool"]["licences"])
    if found:
        sys.exit("\n".join(["Licences:", *found]))
    print(f"Licences: {len(lock['package'])} packages of uv.lock are admitted")


if __name__ == "__main__":
    main()
