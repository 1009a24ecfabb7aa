"""Send messages to a Pub/Sub topic, a webhook or by mail.

A notification that fails is reported and changes nothing else. No report contains the address of a
webhook or a password: who knows the address can post there.

Sources: https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish;
https://api.slack.com/messaging/webhooks (a message is JSON with the key ``text``); RFC 6409, RFC
8314 (port 465 is TLS from the beginning, others begin with STARTTLS).
"""

import base64
import json
import os
import re
import smtplib
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from epyflow.errors import EpyflowError

EMULATOR_VARIABLE = "PUBSUB_EMULATOR_HOST"
"""Host and port of an emulator of Pub/Sub, as in Google's client libraries."""

_SCOPE = "https://www.googleapis.com/auth/pubsub"
_SECONDS = 30.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TLS_PORT = 465
_HOST = re.compile("[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|::1")


@dataclass(frozen=True)
class Channel:
    """One receiver of messages.

    Attributes
    ----------
    name
        Its name in reports; no secret.
    send
        Sends a message, or raises.
    """

    name: str
    send: Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class MailServer:
    """A server that takes mail.

    Attributes
    ----------
    address
        ``host:port``. Port 465 is encrypted from the beginning, others by STARTTLS; only a server
        on this machine may do without.
    sender, recipients
        Mail addresses.
    user, password
        For the login; there is none without a password.
    """

    address: str
    sender: str
    recipients: tuple[str, ...]
    user: str
    password: str | None = field(default=None, repr=False)


def notify(
    told: Mapping[str, Any], channels: Iterable[Channel], say: Callable[[str], None]
) -> None:
    """Send a message to every channel; what fails is reported and raises nothing.

    Parameters
    ----------
    told
        From :func:`epyflow.operations.notification.message.message`.
    channels
        Its receivers.
    say
        Told of what failed.
    """
    for channel in channels:
        try:
            channel.send(told)
        except Exception as error:  # no failure of a notification may end a run
            say(f"{channel.name} did not receive the notification: {_why(error)}")


def _why(error: Exception) -> str:
    """Describe an error without addresses."""
    if isinstance(error, EpyflowError):
        return str(error)
    status = getattr(getattr(error, "response", None), "status_code", None)
    status = status or getattr(error, "smtp_code", None)
    return type(error).__name__ if status is None else f"status {status}"


def publish(
    told: Mapping[str, Any], topic: str, environment: Mapping[str, str] = os.environ
) -> None:
    """Publish a message to a topic of Pub/Sub."""
    # Imported here: it is slow to import, and most runs notify nobody.
    import requests
    from google.auth import default
    from google.auth.transport.requests import AuthorizedSession

    data = base64.b64encode(json.dumps(told).encode()).decode()
    attributes = {name: str(told[name]) for name in ("experiment", "run_id", "outcome")}
    body: Any = {"messages": [{"data": data, "attributes": attributes}]}
    stand_in = environment.get(EMULATOR_VARIABLE)
    if stand_in:
        host, session = f"http://{stand_in}", requests.Session()
    else:
        credentials, _ = default(scopes=[_SCOPE])
        host = "https://pubsub.googleapis.com"
        session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    session.post(f"{host}/v1/{topic}:publish", json=body, timeout=_SECONDS).raise_for_status()


def check_webhook(address: str, origin: str) -> None:
    """Refuse the address of a webhook that others could read on the way.

    Raises
    ------
    EpyflowError
        Naming where the address comes from, and not the address.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname if parts.port != 0 else None  # a wrong port is a ValueError
        here = parts.scheme == "http" and host in _LOOPBACK
        named = _HOST.fullmatch(host or "") is not None
        valid = named and (parts.scheme == "https" or here) and parts.username is None
    except ValueError:
        valid = False
    if not valid or not address.isascii() or not address.isprintable() or " " in address:
        raise EpyflowError(f"{origin} does not contain an https:// address")


def post(told: Mapping[str, Any], address: str, origin: str) -> None:
    """Post a message to a webhook.

    Raises
    ------
    EpyflowError
        From :func:`check_webhook`.
    """
    import requests  # slow to import

    check_webhook(address, origin)
    # A redirect would send the message to another host.
    answer = requests.post(address, json=told, timeout=_SECONDS, allow_redirects=False)
    answer.raise_for_status()


def send_mail(told: Mapping[str, Any], server: MailServer) -> None:
    """Send a message as mail: its first line is the subject."""
    mail = EmailMessage()
    text = str(told["text"])
    mail["Subject"] = text.splitlines()[0]
    mail["From"], mail["To"] = server.sender, ", ".join(server.recipients)
    mail.set_content(text)
    host, _, port = server.address.rpartition(":")
    context = ssl.create_default_context()
    if int(port) == _TLS_PORT:
        connect: Callable[..., smtplib.SMTP] = partial(smtplib.SMTP_SSL, context=context)
    else:
        connect = smtplib.SMTP
    with connect(host, int(port), timeout=_SECONDS) as connection:
        if int(port) != _TLS_PORT and host not in _LOOPBACK:
            connection.starttls(context=context)
        if server.password is not None:
            connection.login(server.user, server.password)
        connection.send_message(mail)
