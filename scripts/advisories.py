"""Check the packages in uv.lock against a copy of PyPI's advisories; with --fetch, renew it first.

`make advisories` fetches the copy, .ci/advisories.json, where there is internet; `make audit` needs
no network. The copy has the date, and the advisories of locked packages of whatever version.

Source: https://ossf.github.io/osv-schema/, "affected[]", and for the export
https://google.github.io/osv.dev/data/.
"""

import io
import json
import sys
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
COPY = ROOT / ".ci" / "advisories.json"
EXPORT = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"
OLD_AFTER_DAYS = 30


def name_of(affected: dict[str, Any]) -> str:
    """Return which package of PyPI an entry of ``affected`` is about."""
    package = affected.get("package", {})
    return canonicalize_name(package["name"]) if package.get("ecosystem") == "PyPI" else ""


def restricted(export: bytes, names: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the advisories about some packages, with what the check and its reader need."""
    with zipfile.ZipFile(io.BytesIO(export)) as archive:
        for member in sorted(archive.namelist()):
            record = json.loads(archive.read(member))
            about = [each for each in record.get("affected", []) if name_of(each) in names]
            if about and "withdrawn" not in record:
                kept = [
                    {key: each[key] for key in ("package", "ranges", "versions") if key in each}
                    for each in about
                ]
                names_of_it = {key: record.get(key) for key in ("id", "aliases", "summary")}
                yield names_of_it | {"affected": kept}


def is_affected(version: str, affected: dict[str, Any]) -> bool:
    """Tell whether an entry of ``affected`` lists a version or has it in a range."""
    if version in affected.get("versions", []):
        return True
    asked = Version(version)
    for span in affected.get("ranges", []):
        if span["type"] != "ECOSYSTEM":
            continue
        inside = False
        events = [(Version(at), kind) for event in span["events"] for kind, at in event.items()]
        for at, kind in sorted(events):
            if kind == "introduced" and asked >= at:
                inside = True
            elif (kind == "fixed" and asked >= at) or (kind == "last_affected" and asked > at):
                inside = False
        if inside:
            return True
    return False


def findings(lock: dict[str, Any], copy: dict[str, Any], ignored: dict[str, str]) -> list[str]:
    """Return a line for each locked package and advisory that it is affected by."""
    found = []
    for package in lock["package"]:
        for record in copy["advisories"]:
            about = [each for each in record["affected"] if name_of(each) == package["name"]]
            if any(is_affected(package["version"], each) for each in about):
                names = [record["id"], *(record.get("aliases") or [])]
                if not ignored.keys() & set(names):
                    named = f"{package['name']} {package['version']}: {', '.join(names)}"
                    found.append(f"{named}: {record.get('summary') or 'no summary'}")
    return found


def main() -> None:
    """Fetch the copy if asked to, and check the lock against it."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    if "--fetch" in sys.argv:
        with urllib.request.urlopen(EXPORT, timeout=60) as answer:
            export = answer.read()
        names = {each["name"] for each in lock["package"] if "registry" in each["source"]}
        advisories = list(restricted(export, names))
        made = {"fetched": str(datetime.now(UTC).date()), "advisories": advisories}
        COPY.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    if not COPY.exists():
        print("Advisories: NOT CHECKED, as there is no copy of them. `make advisories` fetches it.")
        return
    copy = json.loads(COPY.read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if found := findings(lock, copy, project["tool"]["advisories"]["ignored"]):
        sys.exit("\n".join([f"Advisories of {copy['fetched']}:", *found]))
    print(f"Advisories of {copy['fetched']}: none for {len(lock['package'])} packages of uv.lock")
    age = (datetime.now(UTC).date() - date.fromisoformat(copy["fetched"])).days
    if age > OLD_AFTER_DAYS:
        print(f"They are {age} days old: `make advisories` fetches newer ones.")


if __name__ == "__main__":
    main()
