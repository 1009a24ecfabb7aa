"""Read and merge the columns that number samples in scenario modeling hubs.

There a sample has no ``output_type_id``, but a number in each of some columns, ``run_grouping`` and
``stochastic_run``. The hub's ``validation.json`` names them for each round, as
``merge_sample_col``. Source: midas-network/flu-scenario-modeling-hub, model-output/README.md,
"sample", and hub-config/validation.json.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.config.hub import NA
from forecast_hub.config.submission_file import SubmissionFile
from forecast_hub.errors import HubError, UnreadableError
from forecast_hub.findings import Finding
from forecast_hub.suggestions import listed

SAMPLE = "sample"
_KEY = "merge_sample_col"
_MOST_BYTES = 1_000_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)


def read_sample_columns(path: Path | None) -> dict[str, tuple[str, ...]]:
    """Read the columns of each round's samples from ``validation.json``; none without the file.

    Raises
    ------
    UnreadableError
        If the file is larger than 1 MB, or is not JSON.
    HubError
        If the columns of a round are no names.
    """
    if path is None:
        return {}
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UnreadableError(f"{path}: has more than {_MOST_BYTES:,} bytes; expected fewer")
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableError(f"{path}: cannot be read as JSON ({error})") from None
    found = {}
    for round_id, given in (data if isinstance(data, Mapping) else {}).items():
        names = given.get(_KEY) if isinstance(given, Mapping) else None
        if names is None:
            continue
        if not isinstance(names, list) or not all(
            isinstance(name, str) and _NAME.fullmatch(name) for name in names
        ):
            raise HubError(f"{path}: {round_id}.{_KEY}: expected a list of names of columns")
        found[str(round_id)] = tuple(names)
    return found


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
