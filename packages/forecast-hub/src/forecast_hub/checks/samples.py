"""Check samples: their ids, their number, and the tasks that they are joint draws over.

Source: hubverse documentation, "Sample output type"
(https://docs.hubverse.io/en/latest/user-guide/sample-output-type.html). A sample is the rows with
the same ``output_type_id``. The task ids that are constant within a sample identify its compound
task; the others vary, such as the horizon of a trajectory. ``compound_taskid_set`` lists the task
ids that may be constant; fewer may be.
"""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.checks.row_tasks import Rows, group_lines
from forecast_hub.config.hub import ModelTask, Samples
from forecast_hub.findings import Finding, cap_findings
from forecast_hub.suggestions import listed


def check_samples(rows: Rows) -> list[Finding]:
    """Check the samples of each model task."""
    findings = _shared_ids(rows)
    for index, task in enumerate(rows.round.model_tasks):
        output, mine = task.output_types.get("sample"), rows.where(index, "sample")
        if output is not None and output.samples is not None and len(mine):
            findings += cap_findings(list(_ids(rows, mine, task, output.samples)))
            findings += _structure(rows, mine, task, output.samples)
    return findings


def _shared_ids(rows: Rows) -> list[Finding]:
    """Find ids that occur in samples of several model tasks."""
    samples = np.flatnonzero((rows.file.frame["output_type"] == "sample").to_numpy())
    ids = rows.file.frame["output_type_id"].iloc[samples]
    task = pd.Series(rows.task[samples], index=ids.index)
    shared = task[task >= 0].groupby(ids).nunique()
    shared = shared[shared > 1]
    if shared.empty:
        return []
    message = (
        f"sample ids {listed(shared.index)} are those of several targets; expected ids that are "
        "unique in the file"
    )
    lines = rows.lines(ids.index[ids.isin(shared.index)])
    return [Finding("spl_mt_unique", message, rows=lines, unit=rows.file.unit)]


def _ids(rows: Rows, mine: NDArray[np.intp], task: ModelTask, rule: Samples) -> Iterator[Finding]:
    """Find ids of the wrong type or length."""
    ids = rows.file.frame["output_type_id"].iloc[mine]
    if rule.type == "integer":
        wrong = ids[~ids.str.fullmatch(r"-?\d+", flags=re.ASCII).astype(bool)]
        expected = "a whole number"
    else:
        wrong = ids[ids.str.len() > (rule.max_length or 0)]
        expected = f"at most {rule.max_length} characters"
    values = wrong.to_numpy(dtype=object)
    for value, lines in group_lines(values, rows.file.numbers[wrong.index]):
        message = f"sample id {value!r} of {task.title!r}; expected {expected}"
        yield Finding("valid_vals", message, rows=lines, unit=rows.file.unit)


def _structure(rows: Rows, mine: NDArray[np.intp], task: ModelTask, rule: Samples) -> list[Finding]:
    """Check which task ids vary within samples, then coverage and number of samples."""
    frame = rows.file.frame.iloc[mine]
    keys = rows.task_keys
    sample, ids = pd.factorize(frame["output_type_id"])
    codes = {key: pd.factorize(frame[key])[0] for key in keys}
    constant = np.column_stack([_constant(codes[key], sample, len(ids)) for key in keys])
    varied = np.array([codes[key].max() > 0 for key in keys])
    findings = list(_too_fine(rows, mine, task, rule, sample, ids, constant, varied))
    if findings:
        return findings
    # A column with one value in all samples does not show how they are drawn.
    telling = constant[:, varied]
    patterns, kind = np.unique(telling, axis=0, return_inverse=True)
    if len(patterns) > 1:
        return [_mixed(rows, mine, task, sample, np.asarray(kind).ravel())]
    names = [key for key, each in zip(keys, varied, strict=True) if each]
    joint = [name for name, each in zip(names, patterns[0], strict=True) if not each]
    compound = [key for key in keys if key not in joint]
    return [
        *_coverage(rows, mine, task, frame[joint], sample, ids),
        *_count(rows, mine, task, rule, frame[compound], sample),
    ]


def _constant(codes: NDArray[np.intp], sample: NDArray[np.intp], samples: int) -> NDArray[np.bool_]:
    """Return for each sample whether a column is constant in it."""
    low = np.full(samples, np.iinfo(np.intp).max)
    high = np.full(samples, -1)
    np.minimum.at(low, sample, codes)
    np.maximum.at(high, sample, codes)
    same: NDArray[np.bool_] = low == high
    return same


def _too_fine(
    rows: Rows,
    mine: NDArray[np.intp],
    task: ModelTask,
    rule: Samples,
    sample: NDArray[np.intp],
    ids: pd.Index,
    constant: NDArray[np.bool_],
    varied: NDArray[np.bool_],
) -> Iterator[Finding]:
    """Find columns over which samples are not joint draws, but should be."""
    for place, key in enumerate(rows.task_keys):
        if key in rule.compound or not varied[place] or not constant[:, place].any():
            continue
        wrong = np.flatnonzero(constant[:, place])
        joint = [name for name in rows.task_keys if name not in rule.compound]
        yield Finding(
            "spl_compound_taskid_set",
            f"{len(wrong)} of {len(ids)} samples of {task.title!r}, such as {ids[wrong[0]]!r}, "
            f"have a single {key}; expected each sample to run over {listed(joint)} with one id "
            f"(compound_taskid_set is {listed(rule.compound)})",
            rows=rows.lines(mine[np.isin(sample, wrong)]),
            unit=rows.file.unit,
        )


def _mixed(
    rows: Rows,
    mine: NDArray[np.intp],
    task: ModelTask,
    sample: NDArray[np.intp],
    kind: NDArray[np.intp],
) -> Finding:
    rare = int(np.bincount(kind).argmin())
    wrong = np.isin(sample, np.flatnonzero(kind == rare))
    message = (
        f"samples of {task.title!r} are draws over different columns: some ids are shared where "
        "others are not; expected the same structure of all samples"
    )
    return Finding(
        "spl_compound_taskid_set", message, rows=rows.lines(mine[wrong]), unit=rows.file.unit
    )


def _coverage(
    rows: Rows,
    mine: NDArray[np.intp],
    task: ModelTask,
    joint: pd.DataFrame,
    sample: NDArray[np.intp],
    ids: pd.Index,
) -> list[Finding]:
    """Find samples without rows for tasks that other samples have."""
    if joint.empty or not len(joint.columns):
        return []
    point = joint.groupby(list(joint.columns), sort=False).ngroup().to_numpy()
    there = np.zeros((len(ids), point.max() + 1), dtype=bool)
    there[sample, point] = True
    short = np.flatnonzero(~there.all(axis=1))
    findings = []
    for each in short.tolist():
        gap = int(np.flatnonzero(~there[each])[0])
        example = joint.iloc[np.flatnonzero(point == gap)[0]].astype(str).to_dict()
        message = (
            f"sample {ids[each]!r} of {task.title!r} has no row for {rows.described(example)}; "
            "expected all samples to cover the same"
        )
        lines = rows.lines(mine[sample == each])
        findings.append(Finding("spl_non_compound_tid", message, rows=lines, unit=rows.file.unit))
    return cap_findings(findings)


def _count(
    rows: Rows,
    mine: NDArray[np.intp],
    task: ModelTask,
    rule: Samples,
    compound: pd.DataFrame,
    sample: NDArray[np.intp],
) -> list[Finding]:
    """Check the number of samples of each compound task."""
    number = compound.groupby(list(compound.columns), sort=False).ngroup().to_numpy()
    pairs = pd.DataFrame({"task": number, "sample": sample}).drop_duplicates()
    counts = pairs["task"].value_counts(sort=False)
    span = f"{rule.minimum}"
    span += "" if rule.minimum == rule.maximum else f" to {rule.maximum}"
    findings = []
    for each, count in counts.items():
        if rule.minimum <= count <= rule.maximum:
            continue
        same = np.flatnonzero(number == each)
        where = rows.described(compound.iloc[same[0]].astype(str).to_dict())
        message = f"{count} samples for {where}; expected {span}"
        lines = rows.lines(mine[same])
        findings.append(Finding("spl_n", message, rows=lines, unit=rows.file.unit))
    if not findings and counts.min() < counts.max():
        message = (
            f"samples of {task.title!r} number {counts.min()} to {counts.max()} per task; "
            "expected the same number for every task"
        )
        findings.append(Finding("spl_n", message, unit=rows.file.unit))
    return cap_findings(findings)
