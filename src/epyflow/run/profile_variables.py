"""Read the environment variables that ``profiles/s3``, ``aws-batch`` and ``kubernetes`` need.

None of them is a secret: the clients of AWS and Kubernetes find a login themselves.
"""

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from epyflow.strict import IMAGE_BY_DIGEST


@dataclass(frozen=True)
class Variable:
    """An environment variable.

    Attributes
    ----------
    meaning
        What it gives.
    example
        A valid value.
    form
        Matches all valid values.
    """

    meaning: str
    example: str
    form: str


VARIABLES = {
    "EPYFLOW_S3_STORAGE": Variable(
        "a bucket and a folder in it",
        "s3://my-bucket/epyflow",
        r"s3://[a-z0-9][a-z0-9.-]+[a-z0-9](/(?!\.{1,2}(/|$))[^\s/?#*{}\[\]]+)*",
    ),
    "AWS_DEFAULT_REGION": Variable("the region of the bucket", "us-east-1", r"[a-z0-9-]+"),
    "EPYFLOW_WORKER_IMAGE": Variable(
        "the image of the workers by its digest",
        f"123456789012.dkr.ecr.us-east-1.amazonaws.com/epyflow@sha256:{64 * '0'}",
        IMAGE_BY_DIGEST,
    ),
    "EPYFLOW_AWS_JOB_QUEUE": Variable(
        "the job queue",
        "arn:aws:batch:us-east-1:123456789012:job-queue/epyflow",
        r"[A-Za-z0-9][A-Za-z0-9:/_-]*",
    ),
    "EPYFLOW_AWS_JOB_ROLE": Variable(
        "the role of the tasks",
        "arn:aws:iam::123456789012:role/epyflow-tasks",
        r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+",
    ),
}


KEYS_OF_S3 = tuple(f"SNAKEMAKE_STORAGE_S3_{name}" for name in ("ACCESS_KEY", "SECRET_KEY", "TOKEN"))
"""Variables that Snakemake passes on to tasks unasked."""


def variables_of_profile(
    *names: str, refused: Collection[str] = (), environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the values of variables, for a profile.

    Parameters
    ----------
    names
        Keys of :data:`VARIABLES`.
    refused
        Variables that must not be set, because everyone could read them in a job's definition.
    environment
        The variables that are set.

    Raises
    ------
    SystemExit
        Naming every variable that is missing or wrong, what is expected and an example. Snakemake
        would print all its options before another error.
    """
    given = {name: environment.get(name, "") for name in names}
    wrong = [
        f"  {name}: {repr(value) + ' is not right' if value else 'missing'}; expected "
        f"{VARIABLES[name].meaning}, such as {VARIABLES[name].example}: export {name}=..."
        for name, value in given.items()
        if not re.fullmatch(VARIABLES[name].form, value)
    ]
    wrong += [
        f"  {name}: would be readable in the definition of jobs; tasks have the login of their "
        f"role: unset {name}"
        for name in refused
        if environment.get(name)
    ]
    if wrong:
        raise SystemExit("\n".join(["settings of the profile are missing or wrong:", *wrong]))
    return given
