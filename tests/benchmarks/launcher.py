"""Run a command and say what it took: ``python launcher.py COMMAND...``; one line of JSON.

Linux counts the memory of the process that starts another towards the peak of that one. So a
command is started from this small process, and not from a test run that holds half a gigabyte.
"""

import json
import os
import subprocess
import sys
import time

if __name__ == "__main__":
    begin = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    found = {
        "code": os.waitstatus_to_exitcode(status),
        "output": output,
        "seconds": time.perf_counter() - begin,
        "cpu": usage.ru_utime + usage.ru_stime,
        "megabytes": usage.ru_maxrss * unit / 1e6,
    }
    process.returncode = found["code"]
    sys.stdout.write(json.dumps(found))
