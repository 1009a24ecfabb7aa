"""The site of the documentation has every page, and a reference that is made from the code."""

import json
import pkgutil
import re
from pathlib import Path

import docs_pages
import pytest

from epyflow.cli import app
from epyflow.experiment.format import json_schema

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    docs_pages.main(folder)
    return folder


def test_every_page_of_docs_is_in_the_navigation_once():
    listed = [path for _, path in docs_pages.pages_of(docs_pages.navigation())]
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")}

    assert len(listed) == len(set(listed))
    assert {path for path in there if "decisions/0" not in path} - set(listed) == set()


def test_every_link_between_pages_leads_to_a_file_of_the_site(sources):
    links = {
        (page.parent / target).resolve()
        for page in sources.rglob("*.md")
        for target in docs_pages.LINK.findall(page.read_text(encoding="utf-8"))
        if target.endswith(".md") and "://" not in target
    }

    assert len(links) > 50
    assert {link for link in links if not link.is_file()} == set()


def test_links_are_named_by_titles_and_not_by_files(sources):
    named = [
        f"{page.relative_to(sources)}: {text}"
        for page in sorted(sources.rglob("*.md"))
        for text in re.findall(r"\[([^\]\s]+\.md)\]\(", page.read_text(encoding="utf-8"))
    ]

    assert named == []


def test_the_list_for_programs_has_every_page_with_its_title(sources):
    text = (sources / "llms.txt").read_text(encoding="utf-8")

    assert text.count("\n- [") == len(list(docs_pages.pages_of(docs_pages.navigation())))
    assert "- [epyflow](index.html): epyflow runs epidemic modelling experiments.\n" in text
    assert "- [Settings](config/index.html): " in text


def test_a_figure_that_the_code_of_a_page_saves_is_shown_below_it(tmp_path):
    page = tmp_path / "page.md"
    code = (
        "from pathlib import Path\nfrom types import SimpleNamespace\n\n"
        "figure = SimpleNamespace(savefig=lambda name: Path(name).write_text('drawn'))\n"
    )
    saving = '```python\nfigure.savefig("a.png")\n```\n'
    page.write_text(f"```python\n{code}```\n\n{saving}\nNext\n")

    docs_pages.show_figures(page)

    shown = f"{saving}\n![What this code draws](a.png)\n\nNext\n"
    assert page.read_text() == f"```python\n{code}```\n\n{shown}"
    assert (tmp_path / "a.png").read_text() == "drawn"


def test_the_reference_has_every_section_of_the_format_and_its_keys(sources):
    text = (sources / "docs/reference/keys.md").read_text(encoding="utf-8")

    for name, section in json.loads(json_schema.export())["$defs"].items():
        if not name.startswith("_"):
            part = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
            rows = {line.split("`")[1] for line in part.splitlines() if line.startswith("| `")}
            assert rows == set(section.get("properties", ()))
    assert "| `delta_t` | number or string | `1.0` | Days per step. |" in text
    assert (
        "| `num_particles` | integer at least 1 and at most 10000000 | `1000` | Parameter sets kept"
        in text
    )


def test_every_key_of_the_reference_has_a_meaning(sources):
    text = (sources / "docs/reference/keys.md").read_text(encoding="utf-8")

    assert "| `projection` | [Projection](#projection) |" in text
    assert [line for line in text.splitlines() if re.search(r"^\| `.*\| +\|$", line)] == []


def test_the_reference_has_every_command_with_its_options(sources):
    text = (sources / "docs/reference/commands.md").read_text(encoding="utf-8")

    assert [name for name in app.COMMANDS if f"\n## epyflow {name}\n" not in text] == []
    assert "\n### epyflow config set\n" in text
    assert "| `--template` | The model to start from. |" in text


def test_the_reference_has_the_checks_of_submissions(sources):
    text = (sources / "docs/reference/checks.md").read_text(encoding="utf-8")

    assert text.startswith("# Checks of a submission\n")
    assert "| `rows_unique` | `rows_unique` |" in text


def test_the_reference_has_what_the_examples_in_python_use_and_what_they_get(sources):
    text = (sources / "docs/reference/epyflow.md").read_text(encoding="utf-8")
    hubs = (sources / "docs/reference/forecast-hub.md").read_text(encoding="utf-8")

    shown = re.findall("(?m)^::: (.*)$", text + hubs)
    assert len(shown) == len(set(shown))
    assert {
        *(
            "epyflow.experiment.load.load",
            "epyflow.strategies.run",
            "epyflow.artifacts.task.Result",
        ),
        *("epyflow.artifacts.pickling.read_input", "epyflow.submission.request.Request"),
        *("forecast_hub.checks.validation.validate", "forecast_hub.config.flusight.TARGETS"),
    } < set(shown)
    assert [name for name in shown if not getattr(pkgutil.resolve_name(name), "__doc__", "")] == []
