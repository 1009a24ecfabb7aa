"""2,000 damaged files of all kinds: each is read, or refused with a message that names it."""

import pytest

from tests.fuzz.kinds import KINDS
from tests.fuzz.oracle import run_batch

CASES = 2_000
_WHOLE = sum(kind.weight for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_damaged_file_is_refused_with_a_message_or_read(kind):
    report = run_batch(kind, 1, -(-CASES * kind.weight // _WHOLE))

    assert [(each.what, each.case, each.detail) for each in report.violations.values()] == []
