"""Tasks, results and checkpoints, and the files that hold them."""
