"""Write the sources of the documentation's site to a folder: DIR.

They are the pages of this repository and the files that they link to, at their own paths, the pages
of the reference, and `llms.txt`, the list of the pages for programs that read them. The figures of
the tutorial of epyflow as a library are drawn by its code.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import reference_pages
import yaml

PROJECT = Path(__file__).resolve().parents[1]
REFERENCE = "docs/reference"
TUTORIAL = "docs/tutorials/library.md"
SAVED = re.compile(r'savefig\("(?P<name>[^"]+)"\)\n```\n')
LINK = re.compile(r"\]\(([^)\s#]+)[^)\s]*\)")


class _Loader(yaml.SafeLoader):
    """Reads mkdocs.yml, and leaves out what MkDocs makes of Python's tags."""


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def navigation() -> list[Any]:
    """Return the navigation of mkdocs.yml."""
    text = (PROJECT / "mkdocs.yml").read_text(encoding="utf-8")
    return list(yaml.load(text, _Loader)["nav"])  # noqa: S506  # a safe loader with one more tag


def pages_of(entry: Any, section: str = "") -> Iterator[tuple[str, str]]:
    """Yield the top section and the path of each page of an entry of the navigation."""
    if isinstance(entry, str):
        yield section, entry
    elif isinstance(entry, list):
        for each in entry:
            yield from pages_of(each, section)
    else:
        for title, inside in entry.items():
            yield from pages_of(inside, section or title)


def linked_files(page: Path) -> Iterator[Path]:
    """Yield the files of this repository that a page links to."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        if "://" not in target:
            yield (page.parent / target).resolve().relative_to(PROJECT)


def copy_pages(folder: Path) -> None:
    """Copy the pages of the navigation, those of docs/, and what they link to."""
    found = {path.relative_to(PROJECT) for path in (PROJECT / "docs").rglob("*") if path.is_file()}
    found |= {Path(path) for _, path in pages_of(navigation()) if not path.startswith(REFERENCE)}
    left = sorted(found)
    while left:
        path = left.pop()
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / path, folder / path)
        if path.suffix == ".md":
            more = set(linked_files(PROJECT / path)) - found
            found |= more
            left += sorted(more)


def describe(page: Path) -> tuple[str, str]:
    """Return the title and the first sentence of a page."""
    title, _, text = page.read_text(encoding="utf-8").partition("\n")
    paragraph = " ".join(text.strip().partition("\n\n")[0].split())
    sentence = re.split(r"(?<=[.:]) ", LINK.sub("]", paragraph))[0]
    return title.lstrip("# "), re.sub(r"\[([^\]]*)\]", r"\1", sentence)


def list_pages(folder: Path) -> str:
    """Return llms.txt (https://llmstxt.org): every page, its address and its first sentence."""
    lines = ["# epyflow", "", "> Epidemic modelling experiments as a Snakemake workflow."]
    previous = None
    for section, path in pages_of(navigation()):
        if section != previous:
            lines += ["", f"## {section}", ""]
        previous = section
        title, sentence = describe(folder / path)
        address = re.sub(r"README(?=\.md$)", "index", path).removesuffix(".md") + ".html"
        lines.append(f"- [{title}]({address}): {sentence}")
    return "\n".join(lines) + "\n"


def show_figures(page: Path) -> None:
    """Run the code of a page, and show each figure below the block that ends with saving it."""
    text = page.read_text(encoding="utf-8")
    code = "".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    with TemporaryDirectory() as work:
        commands = [
            [str(Path(sys.executable).with_name(program)), *arguments]
            for line in re.findall(r"```bash\n\.venv/bin/(.*?)\n```", text)
            for program, *arguments in [shlex.split(line)]
        ]
        for command in (*commands, [sys.executable, "-c", code]):
            subprocess.run(
                command,
                cwd=work,
                env=os.environ | {"MPLBACKEND": "Agg"},
                stdout=subprocess.DEVNULL,
                check=True,
            )
        for saved in SAVED.finditer(text):
            shutil.copy(Path(work, saved["name"]), page.parent)
    page.write_text(
        SAVED.sub(r"\g<0>\n![What this code draws](\g<name>)\n", text), encoding="utf-8"
    )


def main(folder: Path) -> None:
    """Write everything."""
    copy_pages(folder)
    (folder / REFERENCE).mkdir()
    for name, text in reference_pages.pages().items():
        (folder / REFERENCE / name).write_text(text, encoding="utf-8")
    (folder / "llms.txt").write_text(list_pages(folder), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    show_figures(Path(sys.argv[1], TUTORIAL))
