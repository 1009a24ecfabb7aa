"""Flowers -> a random forest, its accuracy and its confusion matrix."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import skops.io
from signatures import sign
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

params = snakemake.params
flowers = load_iris(as_frame=True)
species = flowers.target.map(dict(enumerate(flowers.target_names)))
trained, tested, taught, true = train_test_split(
    flowers.data, species, test_size=params.test_share, random_state=params.seed, stratify=species
)
forest = RandomForestClassifier(params.trees, random_state=params.seed, n_jobs=snakemake.threads)
forest.fit(trained, taught)
named = forest.predict(tested)
# Unlike a pickle, the file cannot run code when it is read.
skops.io.dump(forest, snakemake.output.model)
names = list(flowers.target_names)
counts = pd.DataFrame(confusion_matrix(true, named, labels=names), index=names, columns=names)
counts.to_csv(snakemake.output.confusion, index_label="true")
metrics = {"accuracy": accuracy_score(true, named), "tested": len(tested), "seed": params.seed}
metrics["signature"] = sign(snakemake.output.model)
Path(snakemake.output.metrics).write_text(json.dumps(metrics, indent=2) + "\n")
