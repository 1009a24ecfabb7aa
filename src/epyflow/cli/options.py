"""Declare the arguments and options that several commands share."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

# The experiment.

ExperimentPath = Annotated[
    Path, typer.Argument(help="The experiment's folder, its config/ folder, or one of its files.")
]
Root = Annotated[
    str | None,
    typer.Option(
        "--root",
        help="Folder that holds experiments/ and common-data/, or a repository, "
        "git+https://host/owner/repo@ref. Default: the folder above experiments/ in the path.",
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
ConfigValues = Annotated[
    list[str] | None, typer.Option("--config", help="KEY=VALUE; may be given repeatedly.")
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


def read_input(path: Path) -> str:
    """Read a file, or standard input where the path is ``-``."""
    return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
