"""``epyflow report``: write the report of a finished run."""

from epyflow.cli.run import report

__all__ = ["report"]
