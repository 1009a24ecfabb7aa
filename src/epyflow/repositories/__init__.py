"""Experiments in a git repository: fetched once, pinned to a commit, kept in the user's cache.

``experiments_root: git+https://host/owner/repo@ref`` names one. Only the process that a person
started fetches; its jobs read the copy, and workers need neither it nor a token.
"""

from epyflow.repositories.address import Address, is_address, parse_address
from epyflow.repositories.checkout import Checkout, fetch

__all__ = ["Address", "Checkout", "fetch", "is_address", "parse_address"]
