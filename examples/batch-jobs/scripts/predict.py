"""A trained forest and measurements of flowers -> the species of each."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import skops.io
from signatures import check

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

check(snakemake.input.model, json.loads(Path(snakemake.input.metrics).read_text())["signature"])
# Trees are not checked when they are read: a forged one could make `predict` crash.
forest = skops.io.load(snakemake.input.model, trusted=["sklearn.tree._tree.Tree"])
flowers = pd.read_csv(snakemake.input.flowers, index_col="flower")
species = pd.Series(forest.predict(flowers), index=flowers.index, name="species")
species.to_csv(snakemake.output[0])
