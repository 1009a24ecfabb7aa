"""The report: one page that holds the figures and the record of the run."""

import html
import shlex
import shutil
from zipfile import ZipFile

import pytest

from tests.workflow.workspace import Workspace


def test_the_report_holds_every_figure_with_its_caption(finished: Workspace):
    done = finished.run("--report", "report.html")

    assert done.code == 0, done.text
    page = (finished.folder / "report.html").read_text()
    for kind in ("compartments", "transitions"):
        for state in ("Massachusetts", "New_York"):
            assert f"figures/fan_chart/{kind}/United_States_{state}.svg" in page
        assert f"figures/reproduction/United_States_{state}.svg" in page
    assert "figures/reproduction_grid.svg" in page
    assert "people whom one infected person would infect" in page
    assert "steps of 1.0 days" in page
    assert "run_metadata.json" in page
    assert "Curves of the" in page
    assert "8 members in" in page
    assert "not the results" not in page + done.text
    for category in ("1. Summary", "2. Simulation", "3. Run"):
        assert f'"{category}"' in page


def test_a_zip_has_the_figures_beside_the_page_which_says_that_an_edit_was_not_run(
    finished: Workspace,
):
    written = (finished.config / "output.yaml").read_bytes()
    finished.change("output", lambda y: y["output"]["quantiles"].update(selections=[0.5]))
    try:
        done = finished.run("--report", "report.zip")
    finally:
        (finished.config / "output.yaml").write_bytes(written)

    assert done.code == 0, done.text
    with ZipFile(finished.folder / "report.zip") as file:
        names, page = file.namelist(), file.read("report/report.html").decode()
    assert "report/report.html" in names
    assert sum(name.endswith(".svg") for name in names) == 9
    for text in (done.text, page):
        assert "not the results of the experiment as it is now" in text
        assert "make_tables (1)" in text


def test_the_page_warns_of_a_table_that_has_a_population_of_an_earlier_plan(finished: Workspace):
    written = (finished.config / "output.yaml").read_bytes()
    table = "results/small/main/outputs/trajectories_compartments.parquet"
    parts = {"trajectories": {"compartments": ["I_total"]}, "tabular_output_types": ["Parquet"]}
    finished.change("output", lambda y: y["output"].update(parts))
    (finished.folder / table).mkdir()
    (finished.folder / table / "United_States_Vermont.parquet").touch()
    try:
        done = finished.run("--report", "wrong.html")
    finally:
        (finished.config / "output.yaml").write_bytes(written)
        shutil.rmtree(finished.folder / table)

    assert done.code == 0, done.text
    page = html.unescape((finished.folder / "wrong.html").read_text())
    told = f"The table {table} has 1 population that the experiment does not have: United_States_V"
    assert told in done.text
    assert told in page


def test_a_report_without_its_files_is_refused_in_a_line_and_leaves_none(finished: Workspace):
    done = finished.run("--report", "other.html", run_id="other")

    assert done.code == 1
    assert " files that it shows, the run lacks " in done.text
    assert "such as results/small/other/" in done.text
    assert "Run it again with the same settings, then write the report" in done.text
    assert "Missing metadata" not in done.text
    assert '  File "' not in done.text
    assert not (finished.folder / "other.html").exists()


def test_a_report_names_the_settings_that_differ_from_those_of_the_run(finished: Workspace):
    done = finished.run("--report", "report.html", n_sims=4, seed=9)

    assert done.code == 0, done.text
    for text in (done.text, (finished.folder / "report.html").read_text()):
        assert "small/main: seed (then none, now 9), n_sims (then none, now 4)" in text
        assert "leave out seed, n_sims." in text


def test_lint_finds_nothing(finished: Workspace):
    done = finished.run("--lint")

    assert done.code == 0, done.text


@pytest.mark.parametrize("name", ["kept.html", "kept.zip"])
def test_a_report_that_does_not_fit_leaves_the_earlier_one_and_says_so_in_a_line(
    finished: Workspace, name: str
):
    (finished.folder / name).write_text("earlier")
    command = shlex.join(finished.command("--report", name))

    # The system refuses what goes beyond 128 KiB of a file, as a full disk would.
    done = finished.call(["bash", "-c", f"ulimit -f 128; exec {command}"])

    assert done.code == 1
    assert f"--report {name}: not written: File too large. Check that" in done.text
    assert "The earlier report is unchanged." in done.text
    assert "Traceback" not in done.text
    assert (finished.folder / name).read_text() == "earlier"
    assert list(finished.folder.glob(".kept*")) == []
