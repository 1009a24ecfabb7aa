"""Who goes on with a run: the process that a person started, or a job of Google Batch."""
