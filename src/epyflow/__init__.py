"""Epidemic modelling experiments as a workflow: YAML in; tables, forecasts and a report out."""

from importlib.metadata import version

__version__ = version("epyflow")
