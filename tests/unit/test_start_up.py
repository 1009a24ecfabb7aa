"""Every job is a process of its own: what it does not use, it does not wait for.

epydemix, scipy.stats and pandas each take as long to import as all of epyflow.
"""

import subprocess
import sys

import pytest

SLOW = ("epydemix", "matplotlib", "numba", "pandas", "scipy.stats")


@pytest.mark.parametrize(
    ("module", "needed"),
    [
        ("epyflow.run.plan", ()),  # the process that a person started, and build_inputs
        ("epyflow.run.task_execution", ()),  # of confirm_complete and the metadata
        ("epyflow.engine", ()),  # the names of the engines are known without them
        ("epyflow.strategies", ("pandas",)),
    ],
)
def test_importing_a_stage_imports_nothing_slow_that_it_may_not_need(module, needed):
    ask = f"import sys, {module}; print(*[name for name in {SLOW!r} if name in sys.modules])"

    answer = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True)

    assert set(answer.stdout.split()) <= set(needed)
