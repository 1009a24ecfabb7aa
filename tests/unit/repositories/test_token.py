import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceRestTransport,
)

from epyflow.errors import EpyflowError
from epyflow.repositories.token import read_token

NAME = "projects/p/secrets/github-pat"


HELD = {f"{NAME}/versions/latest": "newest\n", f"{NAME}/versions/1": "first"}


class SecretManager(BaseHTTPRequestHandler):
    """Secret Manager's REST interface, as far as it is asked here."""

    def do_GET(self):
        name = self.path.partition("?")[0].removeprefix("/v1/").removesuffix(":access")
        value = HELD.get(name)
        self.send_response(200 if value else 403)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        data = base64.b64encode((value or "").encode()).decode()
        refused = {"error": {"code": 403, "message": "Permission denied", "status": "X"}}
        answer = {"name": name, "payload": {"data": data}} if value else refused
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture
def client():
    server = HTTPServer(("127.0.0.1", 0), SecretManager)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    transport = SecretManagerServiceRestTransport(
        host=f"127.0.0.1:{server.server_address[1]}",
        credentials=AnonymousCredentials(),
        url_scheme="http",
    )
    yield lambda: SecretManagerServiceClient(transport=transport)
    transport.close()
    server.shutdown()
    server.server_close()
    thread.join()


def test_without_a_variable_there_is_no_token():
    assert read_token({}) is None
    assert read_token({"EPYFLOW_GIT_TOKEN": ""}) is None


def test_the_variable_is_the_token():
    assert read_token({"EPYFLOW_GIT_TOKEN": "abc"}) == "abc"


def test_the_end_of_line_in_a_file_is_not_part_of_the_token(tmp_path):
    (tmp_path / "token").write_text("abc\n")

    assert read_token({"EPYFLOW_GIT_TOKEN_FILE": str(tmp_path / "token")}) == "abc"


def test_a_secret_is_read_in_its_latest_version_or_in_the_one_named(client):
    latest = read_token({"EPYFLOW_GIT_TOKEN_SECRET": NAME}, client)
    first = read_token({"EPYFLOW_GIT_TOKEN_SECRET": f"{NAME}/versions/1"}, client)

    assert (latest, first) == ("newest", "first")


def test_a_secret_that_may_not_be_read_is_named_with_the_role(client):
    with pytest.raises(EpyflowError, match=r"secrets/other, which cannot.*secretAccessor on it"):
        read_token({"EPYFLOW_GIT_TOKEN_SECRET": "projects/p/secrets/other"}, client)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(EpyflowError, match=r"TOKEN_FILE names /no/file, .*: No such file"):
        read_token({"EPYFLOW_GIT_TOKEN_FILE": "/no/file"})


def test_two_ways_at_once_are_refused():
    with pytest.raises(EpyflowError, match=r"EPYFLOW_GIT_TOKEN and EPYFLOW_GIT_TOKEN_FILE are set"):
        read_token({"EPYFLOW_GIT_TOKEN": "a", "EPYFLOW_GIT_TOKEN_FILE": "b"})


@pytest.mark.parametrize("value", [" ", "secret\nX-Other: header", "secrét"])
def test_what_cannot_be_a_token_is_refused_and_not_repeated(value):
    with pytest.raises(EpyflowError, match="does not give a token; expected one line") as caught:
        read_token({"EPYFLOW_GIT_TOKEN": value})

    assert "secr" not in str(caught.value)
