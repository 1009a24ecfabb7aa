"""Score the submissions of a run and write the tables of scores."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from epyflow.errors import user_errors
from epyflow.files import gzip_text_writer, write_bytes_atomically
from epyflow.submission.brief import read_brief
from forecast_hub.config.locations import read_places
from forecast_hub.errors import HubError
from forecast_hub.scoring.score_tables import compute_score_tables


@user_errors(HubError)
def write_scores(
    submissions: Sequence[Path],
    others: Sequence[Path],
    target_data: Path,
    prepared: Path,
    outputs: Sequence[Path],
    baseline: str | None,
) -> None:
    """Score a run's submissions and write one table to each of ``outputs``.

    Parameters
    ----------
    submissions, others, target_data, baseline
        See :func:`forecast_hub.scoring.score_tables.compute_score_tables`.
    prepared
        From :func:`epyflow.submission.brief_writer.write_brief`: it has the hub's locations.
    outputs
        Files named as the tables are.

    Raises
    ------
    EpyflowError
        If a file is unusable, or no forecast has an outcome yet.
    """
    brief = read_brief(prepared)
    with TemporaryDirectory() as folder:
        hub = brief.hub(Path(folder))
        places = {} if hub.folder.locations is None else read_places(hub.folder.locations)
    series, names = brief.targets[0].target, brief.spellings.values()
    tables = compute_score_tables(submissions, others, target_data, places, baseline, series, names)
    for path in outputs:
        _write(tables[path.name], path)


def _write(table: pd.DataFrame, path: Path) -> None:
    text = table.to_csv(index=False, lineterminator="\n")
    if path.suffix == ".gz":
        with gzip_text_writer(path) as file:
            file.write(text)
    else:
        write_bytes_atomically(path, text.encode())
