"""One ``input_<i>.pkl`` -> one ``result_<i>.pkl``."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import artifacts, outcome
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    result = outcome.run_task(Path(snakemake.input.task), partial=snakemake.params.partial)
    artifacts.write(result, Path(snakemake.output.result))
