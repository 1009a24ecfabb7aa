"""Servers that answer with what is no HTTP, or never end, and addresses that are none."""

from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from tests.running import running

from epyflow.errors import DataError, EpyflowError, UnreachableError
from epyflow.operations import web

MOST = 1000
CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.wfile.write(self.server.answer)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def ask():
    """Ask a server that sends a text."""
    with running(HTTPServer(("127.0.0.1", 0), _Handler)) as server:

        def call(answer, path="/"):
            server.answer = answer.encode()
            address = f"http://127.0.0.1:{server.server_port}{path}"
            return web.ask(address, {"Authorization": "Bearer secret"}, MOST)

        yield call


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "HTTP/1.1 -20 OK\r\n\r\n",
        f"{CHUNKED}zz\r\nabc",
        f"{CHUNKED}-5\r\nabc",
        f"{CHUNKED}3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        f"HTTP/1.1 200 OK\r\nContent-Length: {'9' * 99}\r\n\r\nabc",
    ],
)
def test_an_answer_that_is_broken_or_ends_early_is_no_answer(ask, answer):
    with pytest.raises(UnreachableError, match=r"^http://127.*/: no complete answer"):
        ask(answer)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["http://[::1", "file:///etc/passwd", "http://h\u00e9/", ""])
def test_no_redirect_is_read(ask, status, location):
    found = ask(f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\n\r\n")

    assert found == (status, b"")


def test_the_body_of_a_refusal_may_be_broken(ask):
    broken = CHUNKED.replace("200 OK", "404 No")

    assert ask(f"{broken}-5\r\nabc") == (404, b"")


def test_an_answer_may_have_the_largest_size_but_not_more(ask):
    head = "HTTP/1.1 200 OK\r\n\r\n"

    assert ask(head + MOST * "a").body == MOST * b"a"
    with pytest.raises(DataError, match="more than 1,000 bytes"):
        ask(head + (MOST + 1) * "a")


def test_an_answer_that_takes_too_long_is_no_answer(ask, monkeypatch):
    monkeypatch.setattr(web, "_LONGEST_S", -1)

    with pytest.raises(UnreachableError, match="TimeoutError"):
        ask("HTTP/1.1 200 OK\r\n\r\nabc")


def test_a_letter_that_no_address_has_is_named_with_it(ask):
    with pytest.raises(UnreachableError, match="UnicodeEncodeError"):
        ask("", "/\u00e9")


@pytest.mark.parametrize("host", ["..org", f"{70 * 'a'}.org"])
def test_a_host_that_cannot_be_one_is_not_reached(host):
    with pytest.raises(UnreachableError):
        web.ask(f"https://{host}", {}, MOST)


@pytest.mark.parametrize("address", ["https://[::1", "http://["])
def test_an_address_that_cannot_be_read_is_refused(address):
    with pytest.raises(EpyflowError, match="is no address: Invalid IPv6 URL; expected https"):
        web.confirm_encrypted(address)
