"""The experiment format: its models, and loading and checking of what users write.

The pydantic models of this package are the only definition of a valid experiment.
"""

from epyflow.experiment.load import Experiment, canonical_json, inspect, load
from epyflow.experiment.reading.location import Place, locate
from epyflow.experiment.reading.problems import Problem

__all__ = ["Experiment", "Place", "Problem", "canonical_json", "inspect", "load", "locate"]
