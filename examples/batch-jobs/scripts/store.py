"""A CSV file -> a Parquet file."""

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

pd.read_csv(snakemake.input[0]).to_parquet(snakemake.output[0])
