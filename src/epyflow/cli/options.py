"""Declare the arguments and options that several commands share."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

_SETTING = re.compile(r"[A-Za-z_]\w*=")

# The experiment.

_EXPERIMENT = (
    "The experiment: its id below `<experiments_root>/experiments/`, or a path to its folder, its "
    "`config/` folder or one of its files."
)
ExperimentName = Annotated[str, typer.Argument(help=_EXPERIMENT)]
NamedExperiment = Annotated[
    str | None, typer.Argument(help=f"{_EXPERIMENT} Default: that of the settings.")
]
Root = Annotated[
    str | None,
    typer.Option(
        "--root",
        help="Folder that holds experiments/ and common-data/, or a repository, "
        "git+https://host/owner/repo@ref. Default: the folder above experiments/ in a path, else "
        "that of the settings.",
    ),
]
OutputConfig = Annotated[
    str | None,
    typer.Option("--output-config", help="Which output file, where there are several."),
]
PopulationData = Annotated[
    Path | None,
    typer.Option(
        "--population-data",
        help="Folder of populations, whose names are accepted. "
        "Default: data/populations or common-data/populations under the root, if there is one.",
    ),
]
AllowedDataRoots = Annotated[
    list[Path] | None,
    typer.Option("--allowed-data-root", help="Other folders that paths in YAML may lead into."),
]

# Layers of settings.

ConfigFiles = Annotated[
    list[Path] | None,
    typer.Option("--configfile", help="A file of settings; may be given repeatedly."),
]
CONFIG_OPTIONS = ("--config", "-C", "--set")
ConfigValues = Annotated[
    list[str] | None,
    typer.Option(*CONFIG_OPTIONS, help="Settings: KEY=VALUE, or several, as for snakemake."),
]

# A run.

_RUN = "or the run's folder, `results/<exp_id>/<run_id>`, on disk or in a bucket (`gs://...`, `s3://...`)."
RunName = Annotated[
    str,
    typer.Argument(help=f"The experiment's id, which means its newest run; {_RUN}"),
]
RunNames = Annotated[
    str,
    typer.Argument(
        help="The experiment's id, which means its newest run; a glob for ids in quotes, such as "
        f"`'2026-11/*'`, for the newest run of each; {_RUN}"
    ),
]
RunId = Annotated[
    str | None,
    typer.Option(
        "--run-id",
        help="Name of the experiment's run, or `latest`, the newest finished one. "
        "Default: the newest.",
    ),
]
StoragePrefix = Annotated[
    str | None,
    typer.Option(
        "--storage",
        help="Where results/ and logs/ are: `gs://<bucket>/<prefix>`, "
        "`s3://<bucket>/<prefix>`, or a folder. Default: the working directory.",
    ),
]

# Costs.

PriceFile = Annotated[
    Path | None, typer.Option("--prices", help="Your own price table. Default: epyflow's.")
]
ProfileFile = Annotated[
    Path | None,
    typer.Option(
        "--profile",
        help="The profile that names the machines. Default: profiles/gcp/config.yaml.",
    ),
]
Region = Annotated[
    str | None,
    typer.Option(
        help="Region of the machines. Default: the one in profiles/gcp/site.yaml, or us-central1."
    ),
]
Spot = Annotated[
    bool | None,
    typer.Option("--spot/--standard", help="Kind of machines. Default: as in the profile."),
]

# Terraform.

TerraformOutputs = Annotated[
    Path | None,
    typer.Argument(help="Output of `terraform output -json`: a file, or - for standard input."),
]

# Answers.

Format = Annotated[Literal["table", "json"], typer.Option(help="Form of the output.")]
TextFormat = Annotated[Literal["text", "json"], typer.Option(help="Form of the output.")]
Strict = Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask. Needed where there is no terminal.")
]


def spread_settings(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a command with an option for each setting of ``--config A=1 B=2``."""
    spread: list[str] = []
    option = ""
    for index, each in enumerate(arguments):
        if each == "--":
            return [*spread, *arguments[index:]]
        if option and _SETTING.match(each):
            # The first one follows its option.
            spread += [each] if spread[-1] == option else [option, each]
            continue
        name = each.partition("=")[0]
        option = name if name in CONFIG_OPTIONS else ""
        spread.append(each)
    return spread


def read_input(path: Path) -> str:
    """Read a file, or standard input where the path is ``-``."""
    return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
