"""``epyflow warm``: compile the engine."""

import typer

from epyflow import engine


def warm() -> None:
    """Compile the engine: in an image that is being built, or before the first run.

    Exit code 0: compiled.
    """
    typer.echo(f"The engine is compiled, in {engine.warm(typer.echo)}")
