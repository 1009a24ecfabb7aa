"""Errors of Google's client libraries."""

import pytest
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from requests.exceptions import ConnectionError as NoConnection

from epyflow.errors import EpyflowError, UnreachableError
from epyflow.google.api_errors import explained


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (api.RetryError("no answer", api.ServiceUnavailable("busy")), UnreachableError),
        (api.ServiceUnavailable("busy"), UnreachableError),
        (api.TooManyRequests("busy"), UnreachableError),
        (auth.TransportError("refused"), UnreachableError),
        (auth.DefaultCredentialsError("none"), EpyflowError),
        (NoConnection("refused"), UnreachableError),
        (api.Forbidden("denied"), EpyflowError),
    ],
)
def test_a_service_that_does_not_answer_is_told_from_one_that_refuses(error, kind):
    with (
        pytest.raises(EpyflowError, match=r"^gs://bucket/x: ") as told,
        explained("gs://bucket/x", "Google Cloud Storage", {}),
    ):
        raise error

    assert type(told.value) is kind
