"""Run Snakemake jobs on Google Batch, as task arrays."""

from .executor import Executor
from .executor_settings import ExecutorSettings, common_settings

__all__ = ["Executor", "ExecutorSettings", "common_settings"]
