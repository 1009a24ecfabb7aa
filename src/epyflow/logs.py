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

    An error that the user can mend is written as one message, to the file and to standard error,
    and ends the process with exit code 1. Of any other error the file gets the traceback.

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
        sys.stderr.write(f"epyflow: {type(error).__name__}: {error}; traceback in {path}\n")
        raise SystemExit(1) from None
    finally:
        logger.removeHandler(handler)
        handler.close()
