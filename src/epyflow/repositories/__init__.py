"""Fetch experiments from a git repository, pinned to a commit, into the user's cache.

``experiments_root: git+https://host/owner/repo@ref`` names a repository. Only the process that
the user starts fetches; its jobs read the copy, and workers need neither the copy nor a token.
"""
