"""Where a job's messages go: its log file, and standard error for what stops it."""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from epyflow.errors import EpyflowError


@contextmanager
def log_to(path: str | Path) -> Iterator[None]:
    """Send the messages of the package to a file while the block runs.

    An error ends the process with exit code 1 and one message on standard error. One that the user
    can mend is the same message in the file; of any other the file has the traceback.

    Parameters
    ----------
    path
        The log file; what it held is replaced.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("epyflow")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    except EpyflowError as error:
        logger.error("%s", error)
        sys.stderr.write(f"epyflow: {error}\n")
        raise SystemExit(1) from None
    except Exception as error:
        logger.error("%s", traceback.format_exc())
        sys.stderr.write(f"epyflow: {cause_of(error)}; traceback in {path}\n")
        raise SystemExit(1) from None
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
        handler.close()


def cause_of(error: Exception) -> str:
    """Return an error as one message: its notes, its kind unless the user can mend it, its text."""
    notes = [f"{note}: " for note in getattr(error, "__notes__", ())]
    kind = "" if isinstance(error, EpyflowError) else f"{type(error).__name__}: "
    return f"{''.join(notes)}{kind}{error}"
