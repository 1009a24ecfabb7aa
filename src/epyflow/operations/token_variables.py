"""Name the environment variables with tokens of servers that ``epyflow week`` asks."""

import os
from collections.abc import MutableMapping

GITHUB = "EPYFLOW_GITHUB_TOKEN"
SOCRATA = "EPYFLOW_SOCRATA_TOKEN"
SERVER_TOKENS = (GITHUB, SOCRATA)


def take_tokens(environment: MutableMapping[str, str] = os.environ) -> dict[str, str]:
    """Take these variables out of the environment, so that no other process gets them."""
    return {name: environment.pop(name) for name in SERVER_TOKENS if name in environment}
