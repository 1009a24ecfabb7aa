"""``epyflow cloud``: the settings of profiles/gcp."""

from typing import Annotated

import typer

from epyflow.cli.options import TerraformOutputs, read_input
from epyflow.cli.output import ExitCode, exit_on_error, fail, say
from epyflow.google.site import read_file
from epyflow.google.site_file import values_of, write_site

cloud = typer.Typer(
    help="Prepare runs on Google Batch.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@cloud.callback()
def cloud_options() -> None:
    """Prepare runs on Google Batch."""


@cloud.command()
def configure(
    outputs: TerraformOutputs = None,
    image: Annotated[
        str | None, typer.Option(help="The workers' image, by its digest: NAME@sha256:...")
    ] = None,
) -> None:
    """Write profiles/gcp/site.yaml from terraform's outputs, and keep its other keys.

    Exit code 0: written. 1: a value is missing or wrong, and nothing was written. 2: the outputs
    cannot be read.
    """
    if outputs is None and image is None:
        fail("nothing to write: give terraform's outputs, --image, or both", ExitCode.UNREADABLE)
    with exit_on_error(ExitCode.PROBLEM):
        values = {} if outputs is None else values_of(read_input(outputs))
        path = write_site(values | ({} if image is None else {"image": image}))
    say(f"wrote {path}")
    if "image" not in read_file(path):
        say("next: make image-push")
