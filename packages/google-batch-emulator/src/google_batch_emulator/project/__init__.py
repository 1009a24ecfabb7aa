"""Emulate the services that a program asks when it checks a project before a run.

Resource Manager, Service Usage, IAM, Compute Engine and Artifact Registry, over REST.
"""
