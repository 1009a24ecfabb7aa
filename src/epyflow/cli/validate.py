"""``epyflow validate``: check an experiment."""

import typer
from rich.console import Console

from epyflow.cli.experiment_check import (
    experiment_options,
    inspect_experiment,
    print_problems,
    problem_document,
)
from epyflow.cli.options import (
    AllowedDataRoots,
    ConfigFiles,
    ConfigValues,
    ExperimentName,
    OutputConfig,
    PopulationData,
    Root,
    Strict,
    TextFormat,
)
from epyflow.cli.output import ExitCode, print_json, say
from epyflow.suggest import counted


def validate(
    experiment: ExperimentName,
    strict: Strict = False,
    format: TextFormat = "text",
    root: Root = None,
    output_config: OutputConfig = None,
    population_data: PopulationData = None,
    allowed_data_root: AllowedDataRoots = None,
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
) -> None:
    """Check an experiment and report every problem with file, line and key.

    With --format json: `valid`, `problems` (of more than 1,000 the first, errors before warnings),
    and `left_out`, how many there are besides.

    Exit code 0: valid. 1: invalid (with --strict, also when there are warnings). 2: it cannot be
    read.
    """
    options = experiment_options(root, output_config, population_data, allowed_data_root)
    _, problems, _ = inspect_experiment(experiment, configfile, config, options, format)
    errors = sum(problem.severity == "error" for problem in problems)
    invalid = bool(errors or (strict and problems))
    if format == "json":
        print_json(problem_document(problems, valid=not invalid))
    else:
        print_problems(problems, Console())
        counts = f"{counted(errors, 'error')}, {counted(len(problems) - errors, 'warning')}"
        say(f"{experiment}: {'invalid' if invalid else 'valid'} ({counts})")
    raise typer.Exit(ExitCode.PROBLEM if invalid else ExitCode.OK)
