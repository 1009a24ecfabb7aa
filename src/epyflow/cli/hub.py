"""``epyflow hub``: commands of the package forecast-hub, for those who have epyflow."""

import typer

from forecast_hub.command import ensemble, growth, validate

hub = typer.Typer(
    help="Check and make files for forecast hubs.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@hub.callback()
def hub_options() -> None:
    """Check and make files for forecast hubs."""


for command in (validate, ensemble, growth):
    hub.command()(command)
