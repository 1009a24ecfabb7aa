"""Call the command as a person would, in this process."""

from click.testing import Result
from typer.testing import CliRunner

from epyflow.cli import app


def run(*arguments: object, typed: str | None = None) -> Result:
    """Call ``epyflow``; a traceback fails the test."""
    done = CliRunner().invoke(app.app, [str(argument) for argument in arguments], input=typed)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert "Traceback" not in done.output
    return done
