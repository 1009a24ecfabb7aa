"""Name the environment variables with secrets, and keep them from processes that need none."""

import os
from collections.abc import Collection, Mapping, MutableMapping

from epyflow.repositories.token import VARIABLES

GIT_TOKENS = VARIABLES
"""Of the repository of experiments, for the process that fetches it: a run's first one, too."""

GITHUB = "EPYFLOW_GITHUB_TOKEN"
SOCRATA = "EPYFLOW_SOCRATA_TOKEN"
SERVER_TOKENS = (GITHUB, SOCRATA)
"""Of servers that ``epyflow week`` and ``epyflow data fetch`` ask themselves."""

WEBHOOK = "EPYFLOW_NOTIFY_WEBHOOK"
SMTP_PASSWORD = "EPYFLOW_SMTP_PASSWORD"  # noqa: S105
NOTIFICATION_SECRETS = (WEBHOOK, SMTP_PASSWORD)
"""For the process that notifies of the end of a run: its first one."""

SECRETS = (*GIT_TOKENS, *SERVER_TOKENS, *NOTIFICATION_SECRETS)
"""All of them: their values are in no file of settings, argument or log."""


def take_secrets(
    names: Collection[str] = SECRETS, environment: MutableMapping[str, str] = os.environ
) -> dict[str, str]:
    """Take variables out of the environment, so that no process that is started later has them."""
    return {name: environment.pop(name) for name in names if name in environment}


def without_secrets(
    kept: Collection[str] = (), environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the environment of a process that needs no secrets but those in ``kept``."""
    return {
        name: value for name, value in environment.items() if name in kept or name not in SECRETS
    }
