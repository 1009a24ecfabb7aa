"""Define the errors of the executor, in one tree."""

from snakemake_interface_common.exceptions import WorkflowError


class ArrayExecutorError(WorkflowError):
    """Base class."""


class SettingError(ArrayExecutorError, ValueError):
    """A setting, or a resource of a rule, has a value that Google Batch cannot use."""


class UnreachableError(ArrayExecutorError):
    """Google Batch cannot be reached with these credentials."""


class SubmissionError(ArrayExecutorError):
    """A Batch job was neither created nor refused."""
