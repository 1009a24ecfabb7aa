"""Commands and options in the documentation are those of the command line."""

import re
from pathlib import Path

import pytest
from snakemake.cli import get_argument_parser

from epyflow.cli import app

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in (
        *("*.md", "docs/**/*.md", "config/**/*.md", "profiles/*.md", "terraform/*.md"),
        *("examples/**/*.md", "packages/*/README.md"),
    )
    for path in ROOT.glob(pattern)
)
CALL = re.compile(r"(?<![\w/.-])(?<!--rm )(?:\.venv/bin/)?epyflow ((?:[a-z]+)(?: [^`\n#]*)?)")
SNAKEMAKE = re.compile(r"(?<![\w.-])snakemake ((?:-|[\w./]+\.\w+)[^`\n#|;&]*)")
OPTION = re.compile(r"(?<!\S)--[a-z][\w-]*|(?<=, )--[a-z][\w-]*")
# A profile other than `local` sets how many jobs run; these run none.
NEEDS_NO_CORES = re.compile(
    r"--(?:cores|jobs|report|unlock|dry-run|lint|help|version)\b|--profile (?!\S*profiles/local\b)"
)


def calls(text: str, call: re.Pattern[str] = CALL) -> list[str]:
    """Return what follows a command in code: in backquotes, or in a block."""
    joined = re.sub(r" *\\\n *", " ", text)
    fences = re.findall(r"```(\w*)\n(.*?)```", joined, re.DOTALL)
    blocks = [block for language, block in fences if language in ("bash", "console", "sh", "")]
    prose = re.sub(r"```.*?```", "", joined, flags=re.DOTALL)
    paragraphs = re.split(r"\n\s*\n|\n(?=[|-])", prose)
    spans = [
        " ".join(span.split()) for each in paragraphs for span in re.findall(r"`([^`]+)`", each)
    ]
    code = (re.sub(r"(?m)(^|\s)#.*$", "", each) for each in (*blocks, *spans))
    return [found for each in code for found in call.findall(each)]


def unknown(call: str) -> list[str]:
    """Return the command, or its options, that do not exist."""
    name, *words = re.split(r" -- | \| | && |; ", call)[0].split()
    if name not in app.COMMANDS:
        return [name]
    command = app.load_command(name)
    if hasattr(command, "commands"):
        if not words or words[0] not in command.commands:
            return [] if words[:1] in ([], ["--help"]) else [f"{name} {words[0]}"]
        command = command.commands[words[0]]
    known = {
        "--help",
        *(each for one in command.params for each in (*one.opts, *one.secondary_opts)),
    }
    given = [word.partition("=")[0].strip("[],.") for word in words if word.startswith("-")]
    return [f"{name} {option}" for option in given if option not in known and len(option) > 1]


@pytest.mark.parametrize("page", PAGES)
def test_every_documented_command_and_option_exists(page):
    text = (ROOT / page).read_text(encoding="utf-8")

    assert [each for call in calls(text) for each in unknown(call)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_documented_run_of_snakemake_says_how_many_cores(page):
    found = calls((ROOT / page).read_text(encoding="utf-8"), SNAKEMAKE)

    assert [call for call in found if " " in call and not NEEDS_NO_CORES.search(call)] == []


def test_no_two_pages_write_the_same_experiment():
    new = re.compile(r"(?m)^\.venv/bin/epyflow new (\S+)")
    names = [name for page in PAGES for name in new.findall((ROOT / page).read_text("utf-8"))]

    assert len(names) > 5
    assert sorted(names) == sorted(set(names))


def test_every_documented_option_of_snakemake_exists():
    known = set(OPTION.findall(get_argument_parser().format_help()))
    found = {
        (page, option)
        for page in PAGES
        for call in calls((ROOT / page).read_text(encoding="utf-8"), SNAKEMAKE)
        for option in OPTION.findall(call)
    }

    assert len(found) > 50
    assert [each for each in sorted(found) if each[1] not in known] == []


def test_a_run_of_snakemake_without_cores_would_be_seen():
    text = "```bash\n.venv/bin/snakemake --profile profiles/local \\\n  --config a=1  # run\n```\n"

    (call,) = calls(text, SNAKEMAKE)

    assert not NEEDS_NO_CORES.search(call)


def test_the_table_for_users_of_epycloud_is_read():
    found = calls((ROOT / "docs/coming-from-epycloud.md").read_text(encoding="utf-8"))

    assert len(found) > 20
    assert "submit ID --wait" in found
    assert {call.split()[0] for call in found} > {
        "init",
        "doctor",
        "runs",
        "logs",
        "cancel",
        "clean",
    }


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("validate DIR --strict", []),
        ("validate DIR --stric", ["validate --stric"]),
        ("valdate DIR", ["valdate"]),
        ("config shwo", ["config shwo"]),
        ("config show --config a=1", []),
        ("submit ID --wait -- --retries 0", []),
    ],
)
def test_a_wrong_command_or_option_would_be_seen(call, expected):
    assert unknown(call) == expected
