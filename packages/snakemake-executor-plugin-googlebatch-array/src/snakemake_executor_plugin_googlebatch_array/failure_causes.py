"""Describe why a task failed, in one message."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from .outcomes import ON_A_VM, Event, Failure
from .printable_text import printable
from .remedies import Explanation, explain_api, explain_exit, explain_text

_MOST_EVENTS = 6


class Tail(NamedTuple):
    """The end of a task's log, and where the whole of it is."""

    lines: tuple[str, ...]
    places: tuple[str, ...]


def failure_message(
    what: str, attempt: int, name: str, failure: Failure, tail: Tail, *, spot: bool
) -> str:
    """Compose the message of a failed task.

    Parameters
    ----------
    what
        The rule with its wildcards.
    attempt
        Snakemake's count of tries.
    name
        Full name of the Batch task.
    failure
        What became of it.
    tail
        The end of its log.
    spot
        Whether it ran on Spot VMs.
    """
    explanation = _explain(failure, tail)
    lines = [
        f"Task of {what} failed on Google Batch, attempt {attempt}.",
        f"Cause: {explanation.meaning}.",
        f"What to do: {explanation.remedy}",
        f"Exit code: {_codes(failure, tail)}; state: {failure.state}; "
        f"{'Spot' if spot else 'standard'} VM.",
        f"Batch task: {name}",
        *_shown_events(failure.events),
        *_shown_log(tail),
    ]
    return "\n    ".join(lines)


def refusal_message(what: str, error: BaseException) -> str:
    """Compose the message of a job that could not be submitted."""
    if isinstance(error, ValueError):
        return f"{what} was not submitted: {error}"
    explanation = explain_api(error)
    return "\n    ".join(
        [
            f"{what}: Google Batch did not accept the job.",
            f"Answer: {printable(str(error))}",
            f"Cause: {explanation.meaning}.",
            f"What to do: {explanation.remedy}",
        ]
    )


def waiting_message(name: str, state: str, seconds: float, events: Sequence[Event]) -> str:
    """Say why a job is still waiting."""
    told = [event for event in events if explain_text(event.text)]
    explanation = explain_text(told[-1].text) if told else None
    meaning = (
        explanation.meaning
        if explanation
        else "Google Batch gives no reason; VMs of this kind may be scarce"
    )
    lines = [f"Batch job {name} has been {state} for {round(seconds / 60)} min: {meaning}."]
    if explanation:
        lines.append(f"What to do: {explanation.remedy}")
    shown = told[-1:] or list(events)[-1:]
    return "\n    ".join([*lines, *_shown_events(shown)])


def _explain(failure: Failure, tail: Tail) -> Explanation:
    """Explain a failure by what is known of it."""
    events = "\n".join(event.text for event in failure.events)
    if failure.lost_with_job:
        return Explanation(
            f"its Batch job is {failure.state}, and it was not this run that stopped it",
            "It is not tried again now. Find out who did: the project's audit log names the "
            "caller of DeleteJob or CancelJob. Run again; finished tasks are kept.",
        )
    if failure.state == "UNEXECUTED":
        return explain_text(events) or Explanation(
            "its Batch job ended before it was started", "Run again; finished tasks are kept."
        )
    if failure.state in ON_A_VM:
        return Explanation(
            "its Batch job has FAILED and Google Batch does not say what became of this task "
            f"(it still calls it {failure.state})",
            "Its Batch job is deleted, so that nothing of it runs on. Give the rule retries, or "
            "run again; finished tasks are kept.",
        )
    return explain_exit(failure.exit_code, events, "\n".join(tail.lines))


def _codes(failure: Failure, tail: Tail) -> str:
    """Return a task's exit code, and the command's: Snakemake ends with 1 whatever the other is."""
    if failure.exit_code is None:
        return "none"
    told = re.findall(r"' returned non-zero exit status (\d+)\.", "\n".join(tail.lines))
    if failure.exit_code == 1 and told:
        return f"{told[-1]} of the command, 1 of the task"
    return str(failure.exit_code)


def _shown_events(events: Sequence[Event]) -> list[str]:
    """Return the last few events, one per line."""
    if not events:
        return []
    left_out = len(events) - _MOST_EVENTS
    heading = f"Events (the last {_MOST_EVENTS} of {len(events)}):" if left_out > 0 else "Events:"
    return [
        heading,
        *(f"  {each.time} {each.kind}: {printable(each.text)}" for each in events[-_MOST_EVENTS:]),
    ]


def _shown_log(tail: Tail) -> list[str]:
    """Return the end of the log and where it is."""
    heading = "Log: " + (" and ".join(tail.places) if tail.places else "none was found.")
    return [heading, *(f"  | {printable(line)}" for line in tail.lines)]
