"""Pass environment variables to tasks: plain values, or references to secrets."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from .errors import SettingError

_SECRET_NAME = re.compile(
    r"(^|_)(API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS?|PASSW(OR)?D|PASSPHRASE|SECRET|TOKEN)S?(_|$)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"projects/[^/\s]+/secrets/[^/\s]+/versions/[^/\s]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHORTEST = 6


class Variables(NamedTuple):
    """Environment of all tasks.

    Attributes
    ----------
    plain
        Names and values.
    secret
        Names, and which secrets Google Batch looks up for them.
    hidden
        Values that are not to be printed.
    """

    plain: dict[str, str]
    secret: dict[str, str]
    hidden: tuple[str, ...] = ()

    def redact(self, text: str) -> str:
        """Remove the workflow's values from a text that may be shown, as an API's complaint."""
        for value in sorted(self.hidden, key=len, reverse=True):
            if len(value) >= _SHORTEST:
                text = text.replace(value, "***")
        return text


def is_reference(text: str) -> bool:
    """Whether the text names a version of a secret in Secret Manager."""
    return _REFERENCE.fullmatch(text) is not None


def variables_for(
    values: Mapping[str, str], declared: Collection[str], secrets: str, plain: str
) -> Variables:
    """Sort the variables that the workflow needs into plain and secret ones.

    Parameters
    ----------
    values
        Names and values that Snakemake would pass on.
    declared
        Those of them that the workflow declares as its own; the rest are settings of storage
        plugins, such as the project.
    secrets
        ``NAME=projects/P/secrets/S/versions/V``, separated by commas.
    plain
        Names, separated by commas, that are harmless whatever they look like.

    Raises
    ------
    SettingError
        If a reference is malformed, or a value looks like a secret. Everyone who may read the
        project's Batch jobs can read a job definition.
    """
    secret = parse_secrets(secrets)
    harmless = set(_split(plain))
    open_values = {name: value for name, value in values.items() if name not in secret}
    for name in open_values:
        if _SECRET_NAME.search(name) and name not in harmless:
            raise SettingError(
                f"Environment variable {name} looks like a secret, and a Batch job definition is "
                "readable. Put it into Secret Manager and set secret_variables to "
                f"{name}=projects/PROJECT/secrets/SECRET/versions/latest; if it is harmless, add "
                "it to plain_variables."
            )
    hidden = tuple(value for name, value in open_values.items() if name in declared)
    return Variables(open_values, secret, hidden)


def parse_secrets(text: str) -> dict[str, str]:
    """Read ``NAME=projects/P/secrets/S/versions/V,...``.

    Raises
    ------
    SettingError
        If an item has another form. The item is not repeated: it may be the secret itself.
    """
    secrets: dict[str, str] = {}
    for number, item in enumerate(_split(text), start=1):
        name, _, reference = item.partition("=")
        if not _NAME.fullmatch(name) or not is_reference(reference):
            raise SettingError(
                f"Item {number} of secret_variables is not of the form "
                "NAME=projects/PROJECT/secrets/SECRET/versions/VERSION."
            )
        secrets[name] = reference
    return secrets


def _split(text: str) -> Iterable[str]:
    """Split at commas, without empty items."""
    return [item.strip() for item in text.split(",") if item.strip()]
