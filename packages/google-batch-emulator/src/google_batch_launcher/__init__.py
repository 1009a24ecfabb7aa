"""Start one runnable of a task in a file system, process table and host name of its own.

The bare interpreter runs this package, once for each runnable: it imports the standard library
alone, so that it starts in milliseconds. It reads one JSON document from its standard input,
because arguments can be read by every user of the machine, and the environment of a task may hold
secrets. It reports on the file descriptor that the document names, a JSON line for each event:

    {"init": PID}       the process whose end is the end of everything the runnable started
    {"ready": true, "layers": BOOL}
                        the command is about to start; whether folders are copied on writing
    {"error": TEXT}     the file system could not be set up; nothing was run

and exits with the exit code of the command, 128 + N where signal N ended it.
"""
