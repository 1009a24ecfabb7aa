"""The project around the jobs, as far as programs ask that check it before a run.

Resource Manager, Service Usage, IAM, Compute Engine and Artifact Registry, over REST.
"""
