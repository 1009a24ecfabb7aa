"""What Snakemake prints of a mistake of the user, and of a log that it cannot write."""

import logging

import pytest
from snakemake.exceptions import format_exception_to_string
from snakemake.logging import logger

from epyflow.run.snakemake_messages import RefusalError, ignore_full_disk_in_log


def test_of_a_refusal_the_message_alone_is_printed(tmp_path):
    rules = tmp_path / "plan.smk"
    rules.write_text(
        "def find():\n    raise RefusalError('no such file\\nexpected one')\n\n\nfind()\n"
    )

    with pytest.raises(RefusalError) as error:
        exec(compile(rules.read_text(), rules, "exec"), {"RefusalError": RefusalError})  # noqa: S102

    lines = {str(rules): {number: number for number in range(6)}}
    assert format_exception_to_string(error.value, lines) == "Error: no such file\nexpected one"


def test_a_full_disk_ends_snakemakes_log_without_a_traceback_and_other_errors_have_theirs(
    monkeypatch, capfd
):
    full = logging.FileHandler("/dev/full")
    monkeypatch.setattr(logger, "handlers", [full])
    monkeypatch.setattr(logger, "propagate", False)
    ignore_full_disk_in_log()

    logger.error("the plan cannot be written")
    written = capfd.readouterr().err
    logger.error("%d", "no number")

    assert written == ""
    assert "TypeError" in capfd.readouterr().err
    with pytest.raises(OSError, match="No space left"):
        full.close()
