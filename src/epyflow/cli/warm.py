"""``epyflow warm``: compile the engine."""

from epyflow import engine
from epyflow.cli.output import say


def warm() -> None:
    """Compile the engine: in an image that is being built, or before the first run.

    Exit code 0: compiled.
    """
    say(f"The engine is compiled, in {engine.warm(say)}")
