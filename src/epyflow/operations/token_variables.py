"""Name the environment variables with tokens of servers that ``epyflow week`` asks."""

GITHUB = "EPYFLOW_GITHUB_TOKEN"
SOCRATA = "EPYFLOW_SOCRATA_TOKEN"
SERVER_TOKENS = (GITHUB, SOCRATA)
