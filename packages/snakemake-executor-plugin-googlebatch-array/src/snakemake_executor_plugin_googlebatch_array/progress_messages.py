"""Print the progress of a run: one line for each array and change."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from .arrays import Array, Attached, Verdict
from .failure_causes import waiting_message
from .outcomes import WAITING, events_of
from .printable_text import printable
from .remedies import explain_api, explain_text
from .status_polls import Answer
from .tasks import Task

_SUMMARY_EVERY = 30.0
_TROUBLE_EVERY = 300.0
_ORDER = ("PENDING", "ASSIGNED", "RUNNING", "SUCCEEDED", "FAILED", "UNEXECUTED")


class ProgressMessages:
    """Tells about arrays, and about Google's API.

    Parameters
    ----------
    logger
        Snakemake's logger.
    queue_warning
        Seconds after which a waiting job says why.
    now
        A clock in seconds.
    redact
        Removes values of environment variables from a text.
    """

    def __init__(
        self,
        logger: Any,
        queue_warning: float,
        now: Callable[[], float],
        redact: Callable[[str], str],
    ) -> None:
        self.logger = logger
        self.queue_warning = queue_warning
        self.now = now
        self.redact = redact
        self.summaries: dict[str, tuple[float, str]] = {}

    def created(self, array: Array, tasks: Sequence[Task], machine: str) -> None:
        """Tell that a job has been created."""
        first = tasks[0]
        compute = first.shape.compute
        count = f"{len(tasks)} task{'s' if len(tasks) > 1 else ''}"
        self.logger.info(
            f"Batch job {array.job_id}: {count} of {first.shape.rule}, attempt "
            f"{first.shape.attempt}, on {'Spot' if first.spot else 'standard'} {machine}; each "
            f"{compute.cpu_milli / 1000:g} vCPU, {compute.memory_mib} MiB, "
            f"at most {compute.seconds / 60:g} min."
        )

    def resubmitting(self, verdicts: Sequence[Verdict]) -> None:
        """Tell that tasks are run again without Snakemake's doing."""
        array = verdicts[0].array
        lost = sum(bool(each.failure and each.failure.is_batchs_fault) for each in verdicts)
        if lost:
            self.logger.info(
                f"Batch job {array.job_id}: {lost} task(s) lost all their Spot VMs; "
                "running them on standard VMs."
            )
        if lost < len(verdicts):
            self.logger.info(
                f"Batch job {array.job_id} ended before {len(verdicts) - lost} of its tasks "
                "were started; submitting them again."
            )

    def adopted(self, places: Sequence[Attached]) -> None:
        """Tell that tasks of an earlier coordinator are taken over, or waited for."""
        counts = Counter((place.array.job_id, place.waits) for place in places)
        for (job_id, waits), number in sorted(counts.items()):
            what = (
                "write what this run is about to write, from other sources; waiting for their end"
                if waits
                else "are of this run: taken over"
            )
            self.logger.info(f"Batch job {job_id}: {number} task(s) {what}.")

    def polled(self, array: Array, answer: Answer) -> None:
        """Tell what has changed, and why a job waits."""
        if answer.job is None or answer.error is not None:
            return
        self._summarise(array)
        self._explain_waiting(array, answer)

    def trouble(self, array: Array, error: Exception, seconds: float) -> None:
        """Tell that requests about a job fail, at first and now and then."""
        now = self.now()
        if seconds == 0:
            array.trouble_told = now
            self.logger.info(f"Batch job {array.job_id}: {self._short(error)}; asking again.")
        elif array.trouble_told is None or now - array.trouble_told >= _TROUBLE_EVERY:
            array.trouble_told = now
            explanation = explain_api(error)
            self.logger.warning(
                f"Batch job {array.job_id}: no answer for {round(seconds / 60)} min: "
                f"{self._short(error)}. {explanation.meaning}. {explanation.remedy}"
            )

    def repeating(self, method: str, error: Exception) -> None:
        """Tell that a request is repeated."""
        self.logger.info(f"{method}: {self._short(error)}; trying again.")

    def _summarise(self, array: Array) -> None:
        """Tell how many tasks are in which state, when that has changed."""
        text = ", ".join(
            f"{array.counts[state]} {state.lower()}" for state in _ORDER if array.counts.get(state)
        )
        told_at, told = self.summaries.get(array.name, (float("-inf"), ""))
        now = self.now()
        if not text or text == told or (now - told_at < _SUMMARY_EVERY and array.wanted):
            return
        self.summaries[array.name] = (now, text)
        self.logger.info(f"Batch job {array.job_id}: {text}.")

    def _explain_waiting(self, array: Array, answer: Answer) -> None:
        """Say why a job waits for VMs, when it has for long, and when the reason changes."""
        if answer.job is None:
            return
        state, now = answer.job.status.state, self.now()
        if state not in WAITING:
            array.waiting_since = None
            return
        if array.waiting_since is None:
            array.waiting_since = now
        seconds = now - array.waiting_since
        if seconds < self.queue_warning:
            return
        events = events_of(answer.job.status.status_events)
        known = [found for event in events if (found := explain_text(event.text))]
        reason = known[-1].meaning if known else "unknown"
        if reason != array.waiting_told:
            array.waiting_told = reason
            self.logger.warning(waiting_message(array.job_id, state.name, seconds, events))

    def _short(self, error: Exception) -> str:
        """Name an error in one line."""
        text = f"{type(error).__name__}: {error}".replace("\n", " ")
        return printable(self.redact(text)[:300])
