"""Assign ids to samples: one for each trajectory, the same for all its horizons."""

from collections.abc import Mapping, Sequence

from epyflow.errors import SubmissionError
from epyflow.submission.task_id_columns import Block
from forecast_hub.config.horizon_rule import END_COLUMNS, HORIZON
from forecast_hub.config.hub import Samples

Key = tuple[object, ...]


def assign_sample_ids(blocks: Sequence[Block], abbreviations: Mapping[str, str]) -> None:
    """Assign ids to the samples of ``blocks``.

    Blocks of the same compound task share ids: the n-th value of each is of the same trajectory.
    The compound task is that of ``compound_taskid_set``, without horizons. Ids of characters are
    the location's abbreviation and a number, as FluSight's README suggests (``MA00`` to ``MA99``),
    with a letter between them if a location has several compound tasks; ids of integers are
    numbered through the file.

    Raises
    ------
    SubmissionError
        If the blocks of a compound task have different numbers of samples, or an id is longer
        than the hub takes.
    """
    groups: dict[Key, list[Block]] = {}
    for block in blocks:
        if block.output_type == "sample":
            groups.setdefault(_key(block), []).append(block)
    labels = _labels(list(groups), [group[0] for group in groups.values()], abbreviations)
    start = 1
    for key, group in groups.items():
        sizes = {len(block.value) for block in group}
        if len(sizes) > 1:
            raise SubmissionError(
                f"{_title(group[0])}: samples of one joint draw number {min(sizes)} and "
                f"{max(sizes)}; expected as many trajectories of each"
            )
        ids = _ids(_rule(group[0]), labels[key], start, sizes.pop())
        start += len(ids)
        for block in group:
            block.ids = ids


def _rule(block: Block) -> Samples:
    rule = block.model_task.output_types["sample"].samples
    if rule is None:
        raise TypeError(f"{block.output_type} of {block.task} are no samples")
    return rule


def _key(block: Block) -> Key:
    names = [name for name in _rule(block).compound if name not in (HORIZON, *END_COLUMNS)]
    return (id(block.model_task), *((name, block.task[name]) for name in names))


def _title(block: Block) -> str:
    return block.model_task.title


def _labels(
    keys: Sequence[Key], blocks: Sequence[Block], abbreviations: Mapping[str, str]
) -> dict[Key, str]:
    """Name each compound task by its location, with a letter if a location has several."""
    labels: dict[Key, str] = {}
    used: dict[str, int] = {}
    for key, block in zip(keys, blocks, strict=True):
        code = block.task.get("location") if "location" in _rule(block).compound else None
        name = "s" if code is None else abbreviations.get(code, code)
        count = used.get(name, 0)
        used[name] = count + 1
        labels[key] = name if count == 0 else f"{name}{_letters(count)}"
    return labels


def _letters(number: int) -> str:
    """Write 1, 2, ..., 26, 27 as b, c, ..., ba, bb."""
    text = ""
    while True:
        number, digit = divmod(number, 26)
        text = chr(ord("a") + digit) + text
        if not number:
            return text


def _ids(rule: Samples, label: str, start: int, count: int) -> list[str]:
    if rule.type == "integer":
        return [str(start + number) for number in range(count)]
    width = len(str(count - 1))
    ids = [f"{label}{number:0{width}d}" for number in range(count)]
    if rule.max_length is not None and len(ids[-1]) > rule.max_length:
        raise SubmissionError(
            f"sample id {ids[-1]!r} is too long; expected {rule.max_length} characters"
        )
    return ids
