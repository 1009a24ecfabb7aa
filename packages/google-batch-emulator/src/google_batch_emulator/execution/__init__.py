"""Run the runnables of tasks as local processes, each in a file system of its own."""
