"""Compare parameters of rules with those of the last run, without pandas."""

import sys
from typing import Any


def compare_without_pandas() -> None:
    """Let Snakemake import pandas for its comparison only if a parameter can be a table.

    It imports pandas wherever that is installed, which takes a seventh of a start. A parameter can
    be a table of pandas only if pandas has been imported. Where a job of the process runs a script,
    Snakemake imports pandas for that, too. The method is private: a Snakemake without it is left as
    it is.
    """
    from snakemake.persistence import PersistenceBase

    compared = getattr(PersistenceBase, "_serialize_param_pandas", None)
    if compared is None:
        return

    def serialize(self: Any, value: Any) -> Any:
        return (compared if "pandas" in sys.modules else plain)(self, value)

    plain = PersistenceBase._serialize_param_builtin
    PersistenceBase._serialize_param_pandas = serialize
