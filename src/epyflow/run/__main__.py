"""Start Snakemake as its own program does: ``python -P -m epyflow.run snakemake ARGUMENTS``.

Until Snakemake reads the workflow, nothing has begun that Ctrl-C would have to end in order.
"""

import shutil
import signal
import sys

from epyflow.run.interruption import leave_at_once

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, leave_at_once)
# The process that started this one held the signal back until here.
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
sys.argv[:2] = [shutil.which(sys.argv[1]) or sys.argv[1]]

from snakemake.cli import main  # noqa: E402 - takes seconds

try:
    sys.exit(main())
except KeyboardInterrupt:  # outside the run, which deals with its own
    sys.stderr.write("Stopped.\n")
    sys.exit(128 + signal.SIGINT)  # what releases a lease is called at exit
