"""Notify a Pub/Sub topic, a webhook, or both when a coordinator in the cloud has ended.

A notification that fails is logged and changes nothing else.

Sources: https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish;
https://api.slack.com/messaging/webhooks (a message is JSON with the key ``text``).
"""

import base64
import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from google.auth import default
from google.auth import exceptions as auth
from google.auth.transport.requests import AuthorizedSession

from epyflow.durations import format_duration
from epyflow.errors import EpyflowError
from epyflow.google.secrets import read_secret
from epyflow.google.site import Site
from epyflow.operations.runs.run_list import find_runs
from epyflow.operations.runs.status import Status, status
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Storage

End = Literal["complete", "failed", "cut off"]

EMULATOR_VARIABLE = "PUBSUB_EMULATOR_HOST"
"""Host and port of an emulator of Pub/Sub, as in Google's client libraries."""

_SCOPE = "https://www.googleapis.com/auth/pubsub"
_SECONDS = 30.0
_MOST_FAILURES = 3
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def message(
    exp_id: str,
    run_id: str,
    end: End,
    started: datetime,
    ended: datetime,
    site: Site,
    storage: Storage,
) -> dict[str, Any]:
    """Return the message about a run: a text, and its content as fields.

    Parameters
    ----------
    exp_id, run_id
        The run.
    end
        How its coordinator ended.
    started, ended
        Start of the coordinator on its last machine, and its end.
    site
        Site of the run.
    storage
        The files under the site's storage prefix.
    """
    place, run = site.storage.rstrip("/"), f"{exp_id}/{run_id}"
    now = _status(exp_id, run_id, storage)
    failures = [] if now is None else list(now.failures.items())
    first = [{"log": log, "message": text} for log, text in failures[:_MOST_FAILURES]]
    counts = {} if now is None else _counts(now)
    layout = RunLayout(exp_id, run_id)
    results, log = f"{place}/{layout.results}", f"{place}/{layout.coordinator_log}"
    took = format_duration((ended - started).total_seconds())
    lines = [f"epyflow: {run} {_WORDS[end]} after {took}"]
    if counts:
        lines.append("tasks: " + ", ".join(f"{n:,} {name}" for name, n in counts.items()))
    lines += [f"{each['log']}: {each['message']}" for each in first]
    if len(failures) > len(first):
        lines.append(f"and {len(failures) - len(first):,} more failures")
    lines += [f"results: {results}", f"log: {log}"]
    return {
        "text": "\n".join(lines),
        "experiment": exp_id,
        "run_id": run_id,
        "outcome": end,
        "started": started.isoformat(timespec="seconds"),
        "ended": ended.isoformat(timespec="seconds"),
        "tasks": counts,
        "failures": first,
        "results": results,
        "log": log,
    }


_WORDS: Mapping[End, str] = {
    "complete": "is complete",
    "failed": "failed",
    "cut off": "has reached its time limit; its tasks keep running: submit it again",
}


def _status(exp_id: str, run_id: str, storage: Storage) -> Status | None:
    """Return the progress of the run; None if it has no files, or cannot be read."""
    try:
        runs = find_runs(storage, exp_id)
        run = next((each for each in runs if each.run_id == run_id), None)
        return None if run is None else status(storage, run)
    except EpyflowError:
        return None


def _counts(now: Status) -> dict[str, int]:
    run = now.run
    return {"planned": run.tasks, "done": run.done, "failed": run.failed, "missing": run.missing}


def notify(
    told: Mapping[str, Any],
    site: Site,
    say: Callable[[str], None],
    secret: Callable[[str], str] = lambda name: read_secret(name, "notify_webhook_secret"),
) -> None:
    """Send a message to the topic and the webhook of a site, if it has them.

    Parameters
    ----------
    told
        From :func:`message`.
    site
        Names the topic, and the secret with the webhook's address.
    say
        Told of what failed, without the address: who knows it can post there.
    secret
        Reads a secret by its name.
    """
    if site.notify_topic is not None:
        try:
            _publish(told, site.notify_topic)
        except (auth.GoogleAuthError, requests.RequestException) as error:
            say(f"{site.notify_topic} did not receive the notification: {_why(error)}")
    if site.notify_webhook_secret is not None:
        try:
            _post(told, secret(site.notify_webhook_secret).strip())
        except EpyflowError as error:
            say(f"The webhook did not receive the notification: {error}")
        except requests.RequestException as error:
            say(f"The webhook did not receive the notification: {_why(error)}")


def _why(error: Exception) -> str:
    """Describe an error without addresses."""
    response = getattr(error, "response", None)
    return f"status {response.status_code}" if response is not None else type(error).__name__


def _publish(
    told: Mapping[str, Any], topic: str, environment: Mapping[str, str] = os.environ
) -> None:
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


def _post(told: Mapping[str, Any], address: str) -> None:
    parts = urlsplit(address)
    here = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if parts.scheme != "https" and not here:
        raise EpyflowError("its secret does not contain an https:// address")
    # A redirect would send the message to another host.
    answer = requests.post(address, json=told, timeout=_SECONDS, allow_redirects=False)
    answer.raise_for_status()
