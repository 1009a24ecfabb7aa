"""The inputs of a run -> ``priors.json``: what priors of the user's own are by name."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.logs import log_to
from epyflow.run import prior_names
from epyflow.storage.disk import storage_at

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    plan = snakemake.config["plan"]
    folder = f"results/{plan['exp_id']}/{plan['run_id']}/builder-artifacts"
    prior_names.write_priors(
        [f"{folder}/input_{number:05d}.pkl" for number in range(len(plan["tasks"]))],
        storage_at(snakemake.params.storage),
        Path(snakemake.output.priors),
    )
