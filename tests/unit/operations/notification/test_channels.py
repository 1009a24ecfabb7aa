"""Every receiver is told, a failure is reported without addresses, and none raises."""

import smtplib
from functools import partial
from typing import Any

import pytest
from tests.unit.google.test_site import VALUES
from tests.unit.operations.notification.listening import listening, taking_mail

from epyflow.errors import EpyflowError
from epyflow.google.site import Site
from epyflow.operations.notification.channels import (
    Channel,
    MailServer,
    check_webhook,
    notify,
    send_mail,
)
from epyflow.operations.notification.receivers import channels_of_run, channels_of_site
from epyflow.run.settings import Settings, read_settings

TOPIC = "projects/my-project/topics/runs"
SECRET = "projects/my-project/secrets/webhook"  # noqa: S105 - the name of one
SITE = Site(**VALUES, notify_topic=TOPIC, notify_webhook_secret=SECRET)
TOLD = {"text": "us/flu failed\nwhy: Zürich", "experiment": "us/flu", "run_id": "main"}
TOLD["outcome"] = "failed"
PEOPLE = ("a@example.org", "b@example.org")


@pytest.fixture
def server(monkeypatch):
    with listening() as server:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", server.host)
        yield server


def settings(**given: Any) -> Settings:
    return read_settings({"experiment": "any", **given})


def test_both_the_topic_and_the_webhook_of_a_site_are_told(server):
    said: list[str] = []
    asked: list[str] = []

    def secret(name: str) -> str:
        asked.append(name)
        return f"http://{server.host}/hook\n"

    notify(TOLD, channels_of_site(SITE, secret), said.append)

    assert server.published(TOPIC) == [TOLD]
    (_, published), webhook = server.seen
    assert published["messages"][0]["attributes"] == {
        "experiment": "us/flu",
        "run_id": "main",
        "outcome": "failed",
    }
    assert webhook == ("/hook", TOLD)
    assert (asked, said) == ([SECRET], [])


def test_what_cannot_be_told_is_said_without_the_address(server):
    said: list[str] = []
    server.answer = 410

    channels = channels_of_site(SITE, lambda name: f"http://{server.host}/planted")
    notify(TOLD, channels, said.append)

    assert said == [
        f"{TOPIC} did not receive the notification: status 410",
        "The webhook did not receive the notification: status 410",
    ]


BAD_ADDRESSES = [
    *("http://example.org/planted", "planted", "https://", "https://[planted", "ftp://e.org/p"),
    *("https://me:planted@example.org/", "https://example.org/plan ted", "https://é.org/planted"),
    *("https://e.org:99999/planted", "https://e.org:b/planted", "https://e.org:0/planted"),
    *("https://*/planted", "https://./planted", "https://-e.org/planted", "https://%41/planted"),
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_an_address_that_others_could_read_on_the_way_is_not_used(address):
    with pytest.raises(EpyflowError) as caught:
        channels_of_run(settings(), {"EPYFLOW_NOTIFY_WEBHOOK": address})

    assert str(caught.value) == "EPYFLOW_NOTIFY_WEBHOOK does not contain an https:// address"
    check_webhook("https://hooks.example.org/a?b=c", "it")


def test_a_secret_that_cannot_be_read_ends_nothing():
    said: list[str] = []

    def refuse(name: str) -> str:
        raise EpyflowError(f"{name} cannot be read")

    channels = channels_of_site(SITE.model_copy(update={"notify_topic": None}), refuse)
    notify(TOLD, channels, said.append)

    assert said == [f"The webhook did not receive the notification: {SECRET} cannot be read"]


def test_an_error_of_any_kind_is_named_and_the_next_receiver_is_told():
    said: list[str] = []
    received: list[Any] = []

    def fail(told: Any) -> None:
        raise OverflowError("https://planted")

    notify(TOLD, [Channel("One", fail), Channel("Two", received.append)], said.append)

    assert said == ["One did not receive the notification: OverflowError"]
    assert received == [TOLD]


def test_people_get_mail_with_the_first_line_as_the_subject():
    with taking_mail() as post:
        mail = MailServer(post.address, "epyflow@example.org", PEOPLE, "me", None)
        send_mail(TOLD, mail)

    assert post.recipients == [f"<{each}>" for each in PEOPLE]
    (message,) = post.messages
    assert message["Subject"] == "us/flu failed"
    assert (message["From"], message["To"]) == ("epyflow@example.org", ", ".join(PEOPLE))
    assert message.get_content().splitlines() == ["us/flu failed", "why: Zürich"]


@pytest.mark.parametrize(
    ("address", "steps"),
    [
        ("smtp.example.org:587", ["SMTP", "starttls", "login", "send_message"]),
        ("smtp.example.org:465", ["SMTP_SSL", "login", "send_message"]),
        ("localhost:25", ["SMTP", "login", "send_message"]),
    ],
)
def test_a_password_leaves_this_machine_encrypted_only(address, steps, monkeypatch):
    done: list[str] = []

    class Connection:
        def __init__(self, kind: str, host: str, port: int, **options: Any) -> None:
            done.append(kind)
            assert kind == "SMTP" or options["context"].check_hostname

        def __enter__(self) -> "Connection":
            return self

        def __exit__(self, *error: object) -> None: ...

        def starttls(self, context: Any) -> None:
            assert context.check_hostname
            done.append("starttls")

        def login(self, user: str, password: str) -> None:
            assert (user, password) == ("me", "planted")
            done.append("login")

        def send_message(self, mail: object) -> None:
            done.append("send_message")

    for kind in ("SMTP", "SMTP_SSL"):
        monkeypatch.setattr(smtplib, kind, partial(Connection, kind))
    server = MailServer(address, "a@example.org", PEOPLE, "me", "planted")
    send_mail(TOLD, server)

    assert done == steps
    assert "planted" not in repr(server)


def test_a_refused_login_is_reported_by_its_status():
    said: list[str] = []

    def refuse(told: Any) -> None:
        raise smtplib.SMTPAuthenticationError(535, b"planted")

    notify(TOLD, [Channel("Mail to a@example.org", refuse)], said.append)

    assert said == ["Mail to a@example.org did not receive the notification: status 535"]


def test_the_settings_of_a_run_name_its_receivers():
    given = settings(
        notify_pubsub=TOPIC, notify_email=list(PEOPLE), notify_smtp="smtp.example.org:587"
    )

    names = [
        each.name for each in channels_of_run(given, {"EPYFLOW_NOTIFY_WEBHOOK": "https://a/b"})
    ]

    assert names == [TOPIC, "The webhook", "Mail to a@example.org, b@example.org"]
    assert channels_of_run(settings(), {}) == []


def test_mail_needs_a_server():
    with pytest.raises(EpyflowError, match="notify_smtp: missing; notify_email needs"):
        channels_of_run(settings(notify_email=["a@example.org"]), {})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("notify_pubsub", "runs"),
        ("notify_email", ["a@example.org\nBcc: x@example.org"]),
        ("notify_email", ["nobody"]),
        ("notify_smtp", "smtp.example.org"),
        ("notify_smtp", "smtp.example.org:65536"),
        ("notify_smtp", "smtp.example.org:0"),
        ("notify_smtp", "-x:25"),
        ("notify_sender", "a@b,c@d"),
    ],
)
def test_a_receiver_of_another_form_is_refused(key, value):
    with pytest.raises(EpyflowError, match=f"config: {key}"):
        settings(**{key: value})
