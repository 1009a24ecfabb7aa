"""Choose the receivers of notifications: from a run's settings, or from a site."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from epyflow.errors import EpyflowError
from epyflow.google.site import Site
from epyflow.operations.notification.channels import (
    Channel,
    MailServer,
    check_webhook,
    post,
    publish,
    send_mail,
)
from epyflow.operations.secret_variables import SMTP_PASSWORD, WEBHOOK
from epyflow.run.settings import Settings


def channels_of_run(
    settings: Settings, environment: Mapping[str, str] = os.environ
) -> list[Channel]:
    """Return the receivers that a run's settings and the environment name.

    Raises
    ------
    EpyflowError
        If a setting is missing, or the webhook's address cannot be used; the message contains no
        secret.
    """
    channels = []
    if settings.notify_pubsub is not None:
        topic = settings.notify_pubsub
        channels.append(Channel(topic, partial(publish, topic=topic, environment=environment)))
    if address := environment.get(WEBHOOK, "").strip():
        check_webhook(address, WEBHOOK)
        send = partial(post, address=address, origin=WEBHOOK)
        channels.append(Channel("The webhook", send))
    if settings.notify_email:
        if settings.notify_smtp is None:
            raise EpyflowError(
                "notify_smtp: missing; notify_email needs the mail server, such as "
                "smtp.example.org:587"
            )
        server = MailServer(
            address=settings.notify_smtp,
            sender=settings.notify_sender or settings.notify_email[0],
            recipients=settings.notify_email,
            user=settings.notify_smtp_user or settings.notify_sender or settings.notify_email[0],
            password=environment.get(SMTP_PASSWORD) or None,
        )
        channels.append(
            Channel(f"Mail to {', '.join(server.recipients)}", partial(send_mail, server=server))
        )
    return channels


def read_webhook(name: str) -> str:
    """Read the address of a webhook from Secret Manager."""
    from epyflow.google.secrets import read_secret  # needed by few, and slow to import

    return read_secret(name, "notify_webhook_secret")


def channels_of_site(site: Site, secret: Callable[[str], str] = read_webhook) -> list[Channel]:
    """Return the receivers that a site names, for a coordinator in the cloud.

    Parameters
    ----------
    site
        Names the topic, and the secret with the webhook's address.
    secret
        Reads a secret by its name, when a message is sent.
    """
    channels = []
    if (topic := site.notify_topic) is not None:
        channels.append(Channel(topic, partial(publish, topic=topic)))
    if (name := site.notify_webhook_secret) is not None:

        def send(told: Mapping[str, Any]) -> None:
            post(told, secret(name).strip(), "its secret")

        channels.append(Channel("The webhook", send))
    return channels
