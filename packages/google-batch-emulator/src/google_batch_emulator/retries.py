"""Decide whether a failed task is retried.

Source: cloud.google.com/batch/docs/automate-task-retries, and LifecyclePolicy in task.proto.
"""

from google_batch_emulator.messages import Action, Message


def is_retried(spec: Message, code: int, retries: int) -> bool:
    """Return whether a task that ended with an exit code other than 0 is tried again.

    Parameters
    ----------
    spec
        The task spec. Without a lifecycle policy, every failure is retried.
    code
        The exit code.
    retries
        How often the task has been retried already.
    """
    if retries >= spec.max_retry_count:
        return False
    for policy in spec.lifecycle_policies:
        matches: bool = code in policy.action_condition.exit_codes
        return matches == bool(policy.action == Action.RETRY_TASK)
    return True
