"""Merge the columns that number samples into one id, and split the id into the columns.

See :mod:`forecast_hub.config.sample_columns`.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.config.hub import NA
from forecast_hub.config.submission_file import SubmissionFile
from forecast_hub.findings import Finding
from forecast_hub.suggestions import listed

SAMPLE = "sample"


def merge_sample_columns(
    file: SubmissionFile, columns: tuple[str, ...]
) -> tuple[SubmissionFile, list[Finding]]:
    """Turn the columns that number samples into ``output_type_id``, for the other checks.

    Samples with the same numbers are one sample. Ids are whole numbers in the order of the rows.

    Returns
    -------
    file
        Without the columns; unchanged if it lacks one of them.
    findings
        Missing columns, ids beside the columns, and texts that are no whole numbers.
    """
    if missing := [name for name in columns if name not in file.columns]:
        message = f"no column {listed(missing)}; expected {listed(columns)} to number samples"
        return file, [Finding("colnames", message)]
    kept = [name for name in file.columns if name not in columns]
    merged = file.frame[kept].copy()
    findings = []
    if {"output_type", "output_type_id"} <= set(kept):
        samples = (file.frame["output_type"] == SAMPLE).to_numpy()
        numbers = file.frame.loc[samples, list(columns)]
        findings = list(_mistakes(file, samples, numbers))
        codes, _ = pd.factorize(pd.MultiIndex.from_frame(numbers))
        merged.loc[samples, "output_type_id"] = [str(code + 1) for code in codes]
    types = {name: kind for name, kind in file.arrow_types.items() if name not in columns}
    return replace(file, columns=tuple(kept), frame=merged, arrow_types=types), findings


def _mistakes(
    file: SubmissionFile, samples: NDArray[np.bool_], numbers: pd.DataFrame
) -> Iterator[Finding]:
    def lines(rows: pd.Series) -> tuple[int, ...]:
        return tuple(np.sort(file.numbers[samples][rows.to_numpy(dtype=bool)]).tolist())

    for name, texts in numbers.items():
        wrong = ~texts.str.fullmatch(r"[0-9]+").astype(bool)
        if wrong.any():
            message = f"{name} of a sample is {texts[wrong].iloc[0]!r}; expected a whole number"
            yield Finding("valid_vals", message, "error", lines(wrong), file.unit)
    given = file.frame.loc[samples, "output_type_id"] != NA
    if given.any():
        message = f"samples have an output_type_id; expected NA beside {listed(map(str, numbers))}"
        yield Finding("valid_vals", message, "error", lines(given), file.unit)


def split_sample_columns(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Write the ids of samples, whole numbers, to the columns that number them.

    The first column has the id, the others 1: each sample has its own parameters and is one run
    under them, and is paired between scenarios.
    """
    samples = frame["output_type"] == SAMPLE
    found = frame.copy()
    for position, name in enumerate(columns):
        found[name] = np.where(samples, frame["output_type_id"] if position == 0 else "1", NA)
    found["output_type_id"] = np.where(samples, NA, frame["output_type_id"])
    return found
