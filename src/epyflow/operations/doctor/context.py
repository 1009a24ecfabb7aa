"""The settings, site and APIs that checks read, each when it is first needed."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epyflow.experiment.experiment import Experiment
from epyflow.experiment.reading.problems import Problem
from epyflow.google.site import Site, read_site
from epyflow.operations.cost.profile import FILE, Profile, read_profile
from epyflow.operations.start.named_experiment import name_experiment
from epyflow.run.bundle import Sources
from epyflow.run.calendar import with_calendar
from epyflow.run.settings import Settings
from epyflow.run.sources import fetch_root, inspect_experiment

if TYPE_CHECKING:
    from epyflow.google.rest import Apis

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@dataclass
class Context:
    """The settings, site and APIs that checks read.

    Parameters
    ----------
    configfiles, config, experiment
        Layers of settings, as for ``snakemake``, and the experiment; None: that of the settings.
    profile_file
        The profile for Google Batch.
    cloud
        Whether Google Cloud is checked too.
    environment
        Environment variables of this process.

    Attributes
    ----------
    disabled_services
        Google services that a check has found not to be enabled.
    """

    configfiles: Sequence[Path] = ()
    config: Sequence[str] = ()
    profile_file: Path = FILE
    cloud: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    experiment: str | None = None
    disabled_services: set[str] = field(default_factory=set)

    @cached_property
    def settings(self) -> Settings:
        """Settings of the run."""
        return name_experiment(
            self.experiment, self.configfiles, self.config, environment=self.environment
        ).settings

    @cached_property
    def sources(self) -> Sources:
        """The experiment, fetched if necessary, and its data on this machine."""
        return fetch_root(self.settings)[0].sources(remote=False)

    @cached_property
    def inspected(self) -> tuple[Experiment | None, list[Problem]]:
        """The experiment, None if it is invalid, and its problems."""
        return inspect_experiment(with_calendar(self.settings), self.sources)

    @cached_property
    def site(self) -> Site:
        """Settings of profiles/gcp."""
        return read_site(self.environment)

    @cached_property
    def profile(self) -> Profile:
        """Machines of each rule on Google Batch."""
        return read_profile(self.profile_file)

    @cached_property
    def credentials(self) -> Any:
        """The login that Google's libraries use.

        Raises
        ------
        google.auth.exceptions.GoogleAuthError
            If there is none.
        """
        import google.auth

        return google.auth.default(scopes=[SCOPE])[0]

    @cached_property
    def apis(self) -> "Apis":
        """Google's REST APIs with that login."""
        from epyflow.google.rest import Apis

        return Apis(self.credentials, self.environment)

    @cached_property
    def storage(self) -> Any:
        """Google's client for buckets."""
        from google.cloud import storage

        return storage.Client(project=self.site.project)

    @property
    def member(self) -> str:
        """The account that is logged in, as IAM policies write it."""
        email = account_of(self.credentials)
        kind = "serviceAccount" if email.endswith(".gserviceaccount.com") else "user"
        return f"{kind}:{email or 'YOUR_ACCOUNT'}"


def account_of(credentials: Any) -> str:
    """Return the email of a login; empty if it has none."""
    for name in ("service_account_email", "signer_email", "account"):
        email = getattr(credentials, name, None)
        if isinstance(email, str) and "@" in email:
            return email
    return ""
