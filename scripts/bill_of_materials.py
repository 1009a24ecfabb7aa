"""Print the packages of the image that this runs in as a CycloneDX bill of materials.

docker/Dockerfile runs it with the Python of the image, and keeps the output in the image. Nothing
in it depends on the time, so that the same packages give the same bytes.

Source: https://cyclonedx.org/docs/1.6/json/, and https://github.com/package-url/purl-spec for the
names of packages.
"""

import json
import platform
import re
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from urllib.parse import quote

# Of epyflow, of Python and of Debian's Python.
FOLDERS = ("opt/*/lib/python*/site-packages", "usr/**/site-packages", "usr/**/dist-packages")


def component(kind: str, name: str, version: str, suffix: str = "") -> dict[str, Any]:
    """Describe a package of a kind, such as ``pypi`` or ``deb/debian``."""
    purl = f"pkg:{kind}/{quote(name)}@{quote(version)}{suffix}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def python_packages(root: Path) -> Iterator[dict[str, Any]]:
    """Describe every distribution of Python below a root, with the licence that it declares."""
    found = {str(folder) for pattern in FOLDERS for folder in root.glob(pattern)}
    for each in distributions(path=sorted(found)):
        name = re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower()
        described = component("pypi", name, each.version)
        if expression := each.metadata.get("License-Expression"):
            described["licenses"] = [{"expression": expression}]
        else:
            classifiers = each.metadata.get_all("Classifier", [])
            names = [text.split(" :: ")[-1] for text in classifiers if text.startswith("License")]
            described["licenses"] = [{"license": {"name": text}} for text in names]
        yield described


def debian_packages(root: Path) -> Iterator[dict[str, Any]]:
    """Describe every package that dpkg has installed below a root; none without dpkg."""
    status = root / "var/lib/dpkg/status"
    text = status.read_text(encoding="utf-8") if status.is_file() else ""
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^([\w-]+): (.*)$", paragraph, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            suffix = f"?arch={fields['Architecture']}"
            yield component("deb/debian", fields["Package"], fields["Version"], suffix)


def bill(root: Path) -> dict[str, Any]:
    """Return the bill of what is below a root."""
    python = component("generic", "python", platform.python_version())
    # A package that lies in two folders is listed once.
    found = {each["purl"]: each for each in (*python_packages(root), *debian_packages(root))}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": "epyflow"}},
        "components": [python, *(found[purl] for purl in sorted(found))],
    }


if __name__ == "__main__":
    print(json.dumps(bill(Path("/")), indent=1))
