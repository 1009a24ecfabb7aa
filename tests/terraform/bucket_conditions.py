"""Evaluate the conditions of terraform/ on the bucket for one object.

Conditions are written in the Common Expression Language; this reads the part of it that iam.tf
uses. Source: https://cloud.google.com/iam/docs/conditions-attribute-reference#resource-name and
#extract.
"""

import re
from functools import cache

from tests.terraform.hcl import Configuration

BUCKET, PREFIX = "bucket", "teams/flu"
_ATOM = re.compile(
    r'resource\.name(?:\.startsWith\("(?P<start>[^"]*)"\)| == "(?P<whole>[^"]*)"'
    r'|\.extract\("(?P<before>[^"{]*)\{\w+\}"\) == "")'
)


@cache
def condition(name: str) -> str:
    """Return the condition of a ``google_storage_bucket_iam_member``, with its values filled in."""
    found = Configuration()
    (resource,) = [
        each
        for each in found.resources
        if (each.type, each.name) == ("google_storage_bucket_iam_member", name)
    ]
    values = {"local.bucket": BUCKET, "var.prefix": PREFIX}
    values["local.folder"] = _filled(found.locals["folder"], values)
    values["local.open_to_tasks"] = found.locals["open_to_tasks"]
    expression: str = resource.body["condition"][0]["expression"]
    return _filled(expression, values).replace('\\"', '"')


def admits(expression: str, path: str | None) -> bool:
    """Return whether a condition holds for an object below the prefix; None is the bucket."""
    name = f"projects/_/buckets/{BUCKET}"
    if path is not None:
        name += f"/objects/{PREFIX}/{path}" if not path.startswith("/") else f"/objects{path}"

    def value(atom: re.Match[str]) -> str:
        if (start := atom["start"]) is not None:
            return str(int(name.startswith(start)))
        if (whole := atom["whole"]) is not None:
            return str(int(name == whole))
        # What follows the text; empty where the name does not have it.
        return str(int(name.partition(atom["before"])[2] == ""))

    plain = _ATOM.sub(value, expression).replace(" ", "")
    # A disjunction of conjunctions; anything else is not read, rather than read wrongly.
    form = r"(?:[01]|\([01](?:&&[01])*\))(?:\|\|(?:[01]|\([01](?:&&[01])*\)))*"
    assert re.fullmatch(form, plain), f"not understood: {expression}"
    return any("0" not in each for each in plain.split("||"))


def _filled(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], text)
