"""Run the coordinator of a run as a job of Google Batch."""
