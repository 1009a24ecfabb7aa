"""Blocks of the documentation run as they stand: files, commands, Python, and what it prints.

A block that is not run has a comment before it that says why: ``<!-- not run: ... -->``. A block
after a line with nothing but the name of a file is the content of that file. In tutorials, a block
of text after one that is run is what that prints. Other pages find the experiments, runs and hub
that they name; their buckets are folders.
"""

import contextlib
import json
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from typer.testing import CliRunner

from epyflow.cli import cost
from epyflow.operations.cost.job_costs import as_csv, measured, priced
from epyflow.operations.runs import run_list
from epyflow.run.experiment_archive import keep_experiment
from epyflow.run.settings import Settings
from epyflow.run.sources import gather
from epyflow.storage.disk import Disk
from forecast_hub.command import app as forecast_hub
from tests.unit.cli.command import run
from tests.unit.cli.test_documented_commands import PAGES, ROOT
from tests.unit.operations.comparison.test_differences import quantiles
from tests.unit.operations.cost.made_up import PLAN, PRICES, PROFILE, took
from tests.unit.operations.runs.made_up import FAILED_LOG, RUNNING_LOG, MadeUp

BLOCK = re.compile(
    r"(?:^ *<!-- not run: (?P<why>[^>]{10,}) -->\n)?"
    r"(?:^`(?P<file>[^`\n]+)`:\n\n)?"
    r"^(?P<indent> *)```(?P<language>\w+)\n(?P<code>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
RUN = ("bash", "console", "sh", "python")
RUNS = (
    *("us/flu/main", "us/flu/low-r0", "us/flu/week-1", "us/flu/week-2", "my_study/main"),
    *("example/main", "2026-11/round1/main"),
)
RECORD = {"experiment": "e", "data": {}, "code": {"stages": {"run": "c"}}, "seed": 1}
HUB = ROOT / "packages" / "forecast-hub" / "tests" / "hubs" / "FluSight-forecast-hub"


def blocks(page: str) -> list[re.Match[str]]:
    text = (ROOT / page).read_text(encoding="utf-8")
    found = list(BLOCK.finditer(text))
    assert len(found) == len(re.findall(r"(?m)^ *```", text)) / 2
    return found


def is_tutorial(page: str) -> bool:
    return page.startswith("docs/tutorials/") or page == "docs/getting-started.md"


def is_run(block: re.Match[str]) -> bool:
    return not block["why"] and block["language"] in RUN


TO_RUN = [page for page in PAGES if any(is_run(block) for block in blocks(page))]


def run_commands(code: str) -> None:
    """Run lines of the shell and print their output; ``epyflow`` and ``forecast-hub`` are known."""
    for line in code.replace("\\\n", " ").replace("/path/to/", "path/to/").splitlines():
        if not (words := shlex.split(line, comments=True)):
            continue
        program, *arguments = words
        assert program in (".venv/bin/epyflow", "forecast-hub"), f"say why it is not run: {line}"
        own = program == "forecast-hub"
        done = CliRunner().invoke(forecast_hub, arguments) if own else run(*arguments)
        answers = (0, 1) if arguments[0] in ("logs", "status") else (0,)  # 1: something failed
        assert done.exit_code in answers, f"{line}\n{done.output}"
        sys.stdout.write(done.stdout)


def run_python(code: str, page: str, state: dict[str, object]) -> None:
    exec(compile(code, page, "exec"), state)  # noqa: S102  # of this repository


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """Return a folder with all that pages name: experiments, finished runs, a hub, a forecast."""
    top = tmp_path_factory.mktemp("world")
    assert run("new", top / "new", "--template", "sir").exit_code == 0
    for name in ("config", "profiles"):
        shutil.copytree(ROOT / name, top / name)
    for folder in ("config", "path/to/root", "."):
        for exp_id in ("my_study", "my_experiment", "us/flu"):
            shutil.copytree(top / "new/config", top / folder / "experiments" / exp_id / "config")
    for folder in RUNS:
        write_run(MadeUp(top), folder)
    MadeUp(top).tables("us/covid/main", tasks=2, failed=1)
    with contextlib.chdir(top):
        keep_experiment(gather(Settings(experiment="us/flu", run_id="week-1")), Disk())
    write_forecasts(top)
    return top


def write_run(made_up: MadeUp, folder: str) -> None:
    """Write a finished run with a table, a log, its costs and its experiment."""
    made_up.finished(folder)
    outputs = f"results/{folder}/outputs"
    made_up.write(f"{outputs}/quantiles_transitions.csv.gz")
    table = quantiles({0.025: (1, 2), 0.5: (10, 20), 0.975: (30, 40)})
    table.to_csv(made_up.root / outputs / "quantiles_transitions.csv.gz", index=False)
    record = json.loads((made_up.root / outputs / "run_metadata.json").read_text()) | RECORD
    made_up.write(f"{outputs}/run_metadata.json", json.dumps(record))
    exp_id, _, run_id = folder.rpartition("/")
    made_up.write(f"results/{exp_id}/latest", f"{run_id}\n")
    for file in ("figures/fan.svg", "stamped/20261128-231500-0a1b2c3d/outputs/quantiles.csv.gz"):
        made_up.write(f"results/{folder}/{file}")
    made_up.write(f"logs/{folder}/run_task/00012.log", FAILED_LOG)
    made_up.write(f"logs/{folder}/make_tables/quantiles.log", RUNNING_LOG)
    jobs = priced(
        measured(PLAN, {"run_task/00000": took(100, 1)}, PROFILE, "here", "google-batch"),
        *(PROFILE, PRICES),
    )
    made_up.write(f"results/{folder}/run_cost.csv", as_csv(jobs).decode())


def write_forecasts(top: Path) -> None:
    """Write the submission that docs/hubs.md makes, as that of a hub's baseline too."""
    hub = top / "path/to/FluSight-forecast-hub"
    shutil.copytree(HUB, hub)
    (code,) = (block["code"] for block in blocks("docs/hubs.md") if block["language"] == "python")
    with contextlib.chdir(top):
        run_python(code, "hubs.md", {})
    file = top / "2026-01-17-team-model.csv"
    rows = file.read_text().splitlines(keepends=True)
    file.write_text("".join(row for row in rows if ",sample," not in row))  # slow to score
    baseline = hub / "model-output/FluSight-baseline/2026-01-17-FluSight-baseline.csv"
    baseline.parent.mkdir(parents=True)
    shutil.copy(file, baseline)
    weeks = "".join(f"2026-01-{day},25,300\n" for day in ("10", "17", "24", "31"))
    (top / "admissions.csv").write_text(f"date,location,value\n{weeks}")


@pytest.fixture
def place(request, page, tmp_path, monkeypatch) -> Iterator[None]:
    """Work in an empty folder, or where a page that is not a tutorial finds what it names."""
    if not is_tutorial(page):
        shutil.copytree(request.getfixturevalue("world"), tmp_path, dirs_exist_ok=True)
        for module in (run_list, cost):
            monkeypatch.setattr(module, "storage_at", lambda _: Disk(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield
    plt.close("all")


def test_the_tests_that_a_reason_names_exist():
    reasons = [block["why"] for page in PAGES for block in blocks(page) if block["why"]]
    named = {path for why in reasons for path in re.findall(r"[\w./-]*tests/[\w./-]*\w", why)}

    assert len(named) > 10
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", TO_RUN)
@pytest.mark.usefixtures("place")
def test_every_block_without_a_reason_runs(page, capsys):
    state: dict[str, object] = {"__name__": "__main__"}
    before = ""
    for block in blocks(page):
        code, language = textwrap.dedent(block["code"]), block["language"]
        if block["why"]:
            before = ""
            continue
        if block["file"]:
            Path(block["file"]).parent.mkdir(parents=True, exist_ok=True)
            Path(block["file"]).write_text(code, encoding="utf-8")
        elif language in RUN:
            capsys.readouterr()
            run_python(code, page, state) if language == "python" else run_commands(code)
        elif before in RUN and is_tutorial(page):
            printed = capsys.readouterr().out.splitlines()
            assert [line.rstrip() for line in printed] == code.splitlines()
        before = language
