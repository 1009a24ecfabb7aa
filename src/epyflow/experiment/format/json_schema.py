"""Export the format as a JSON schema, with which editors complete keys and mark mistakes."""

import json

from pydantic import Field

from epyflow.experiment.format.model import Model
from epyflow.experiment.format.modelset import Modelset
from epyflow.experiment.format.output import Output
from epyflow.strict import Strict


class _Model(Strict):
    """A basemodel file."""

    model: Model


class _Modelset(Strict):
    """A modelset file."""

    modelset: Modelset


class _Output(Strict):
    """An output file."""

    output: Output


class ExperimentFile(Strict):
    """Any one of an experiment's files."""

    file: _Model | _Modelset | _Output = Field(description="One top-level key per file.")


def export() -> str:
    """Return the schema as indented JSON."""
    document = ExperimentFile.model_json_schema()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An epyflow experiment's file",
        "anyOf": document["properties"]["file"]["anyOf"],
        "$defs": document["$defs"],
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
