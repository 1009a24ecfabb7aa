"""Google Batch with task arrays: a Snakemake executor."""

from .executor import Executor
from .executor_settings import ExecutorSettings, common_settings

__all__ = ["Executor", "ExecutorSettings", "common_settings"]
