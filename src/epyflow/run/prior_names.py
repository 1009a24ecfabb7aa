"""Record the distributions that custom priors returned.

Custom priors are called when inputs are built; each task holds the distributions.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Task
from epyflow.experiment.format.calibration import Calibration
from epyflow.files import write_bytes_atomically
from epyflow.run.description import describe_priors
from epyflow.storage.disk import Storage


def write_priors(inputs: Sequence[str], storage: Storage, path: Path) -> None:
    """Write the priors of a calibration, custom priors as the distributions that they returned.

    All tasks of a run have the same priors; the first task that could be built is read.

    Parameters
    ----------
    inputs
        Paths of ``input_<i>.pkl`` in the storage.
    storage
        Where they are.
    path
        The JSON: quantity to ``name``, ``args`` and ``kwargs`` as in scipy.stats. Without an
        entry where no task could be built.

    Raises
    ------
    ArtifactError
        If an input is damaged.
    """
    found = {}
    for name in inputs:
        data = storage.read(name)
        task = None if data is None else pickling.input_of(data, name)
        if isinstance(task, Task) and task.calibration is not None:
            found = describe_priors(Calibration.model_validate_json(task.calibration))
            break
    write_bytes_atomically(path, (json.dumps(found, indent=1) + "\n").encode())
