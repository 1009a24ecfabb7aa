"""The kinds of input: valid files of each, how they are damaged, and who reads them.

A new kind is a function that reads and a line in the ``KINDS`` of one of these modules.
"""

from tests.fuzz import bucket_kinds, data_kinds, experiment_kinds, hub_kinds
from tests.fuzz.kind import Kind

KINDS: tuple[Kind, ...] = (
    *experiment_kinds.KINDS,
    *hub_kinds.KINDS,
    *data_kinds.KINDS,
    *bucket_kinds.KINDS,
)
