"""The experiment and its data -> every ``input_<i>.pkl``."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.logs import log_to
from epyflow.run_plan import prepare_build
from epyflow.settings import read_settings

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    build = prepare_build(read_settings(snakemake.config), snakemake.config["plan"]["seed"])
    build.write(dict(enumerate(map(Path, snakemake.output.tasks))))
