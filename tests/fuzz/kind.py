"""What a kind of input is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from epyflow.errors import EpyflowError
from tests.fuzz.mutations import Mutate

Texts = Iterable[str]
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes
    ----------
    name
        For the table.
    seeds
        Returns the names of valid files with their content, as ``mutate`` takes it.
    mutate
        Damages a content, and returns the bytes of the file.
    read
        Reads the file at a path, and yields the messages that a person would see.
    errors
        What it may raise.
    files
        Other files of the folder.
    weight
        Share of the cases.
    place
        What a message names if it does not name a file.
    """

    name: str
    seeds: Callable[[], Sequence[tuple[str, Any]]]
    mutate: Mutate
    read: Callable[[Path], Texts]
    errors: tuple[type[Exception], ...] = (EpyflowError,)
    files: Callable[[], Files] = field(default=dict)
    weight: int = 8
    place: str = ""

    def prepare(self, folder: Path) -> None:
        """Write the other files, and the valid ones."""
        valid = {name: self.mutate(content, ()) for name, content in self.seeds()}
        for name, data in {**valid, **self.files()}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)

    def write(self, folder: Path, name: str, data: bytes) -> Path:
        """Write the damaged file; the other seeds are as they were."""
        for each, valid in self.files().items():
            (folder / each).write_bytes(valid)
        (folder / name).write_bytes(data)
        return folder / name


def seed(name: str, data: bytes) -> Callable[[], Sequence[tuple[str, Any]]]:
    """Return the seeds of a kind with one valid file."""
    return lambda: [(name, data)]
