"""Tutorials run as they stand: files, commands of epyflow, Python, and what it prints.

A block that is not run has a comment before it that says why: ``<!-- not run: ... -->``. A block
after a line with nothing but the name of a file is the content of that file.
"""

import re
import shlex
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from tests.unit.cli.command import run

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = [DOCS / "getting-started.md", *sorted((DOCS / "tutorials").glob("*.md"))]
BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>[^>]{10,}) -->\n)?"
    r"(?:^`(?P<file>[^`\n]+)`:\n\n)?"
    r"^```(?P<language>\w+)\n(?P<code>.*?)^```",
    re.MULTILINE | re.DOTALL,
)


def run_commands(code: str) -> None:
    """Run lines of the shell; only ``epyflow`` is known."""
    for line in code.replace("\\\n", " ").splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == ".venv/bin/epyflow", f"say why it is not run: {line}"
        done = run(*arguments)
        assert done.exit_code == 0, f"{line}\n{done.output}"


def run_python(code: str, page: Path, state: dict[str, object]) -> None:
    exec(compile(code, page.name, "exec"), state)  # noqa: S102  # of this repository


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_a_tutorial_runs_or_says_why_not(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    state: dict[str, object] = {"__name__": "__main__"}
    blocks = list(BLOCK.finditer(page.read_text(encoding="utf-8")))
    before = ""
    for block in blocks:
        code, language = block["code"], block["language"]
        if block["why"]:
            before = ""
            continue
        if block["file"]:
            Path(block["file"]).parent.mkdir(parents=True, exist_ok=True)
            Path(block["file"]).write_text(code, encoding="utf-8")
        elif language == "bash":
            run_commands(code)
        elif language == "python":
            run_python(code, page, state)
        elif before == "python":
            assert capsys.readouterr().out == code
        before = language
    plt.close("all")

    assert len(blocks) == page.read_text(encoding="utf-8").count("\n```") / 2
