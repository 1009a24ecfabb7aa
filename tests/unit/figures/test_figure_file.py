import subprocess
import sys

import matplotlib as mpl
import pytest

from epyflow.figures import style
from epyflow.figures.fan_chart import fan_chart
from epyflow.figures.figure_file import save, save_pages
from tests.unit.figures.test_fan_chart import quantiles


def chart():
    return fan_chart(quantiles(("S_total", "I_total")), ["S_total", "I_total"], "Massachusetts")


def names_in(folder):
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize(("name", "magic"), [("a.png", b"\x89PNG\r\n"), ("a.svg", b"<?xml")])
def test_the_suffix_decides_the_format(tmp_path, name, magic):
    save(chart(), tmp_path / name)

    assert (tmp_path / name).read_bytes().startswith(magic)
    assert names_in(tmp_path) == [name]


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_equal_figures_give_equal_bytes(tmp_path, suffix):
    for name in ("a", "b"):
        save(chart(), (tmp_path / name).with_suffix(suffix))

    first, second = (path.read_bytes() for path in tmp_path.iterdir())
    assert first == second


def test_text_can_be_searched_and_documents_have_titles(tmp_path):
    save(chart(), tmp_path / "a.svg")
    save(chart(), tmp_path / "a.pdf")
    save_pages([chart(), chart()], tmp_path / "pages.pdf")

    drawing = (tmp_path / "a.svg").read_text()
    assert "<title>Massachusetts</title>" in drawing
    assert ">Massachusetts</text>" in drawing
    assert "'DejaVu Sans', 'Bitstream Vera Sans', Verdana" in drawing
    for name in ("a.pdf", "pages.pdf"):
        document = (tmp_path / name).read_bytes()
        assert b"/Title (Massachusetts)" in document
        assert b"/CIDFontType2" in document  # TrueType
        assert b"/Type3" not in document


def test_a_figure_holds_no_date(tmp_path):
    save(chart(), tmp_path / "a.svg")

    text = (tmp_path / "a.svg").read_text()
    assert "dc:date" not in text
    assert "matplotlib.org/" not in text.replace("https://matplotlib.org/dtd", "")


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.svg.gz"])
def test_another_format_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"saved as \.svg, \.png or \.pdf"):
        save(chart(), tmp_path / name)


def test_a_figure_that_cannot_be_drawn_leaves_no_file(tmp_path):
    figure = chart()
    figure.axes[0].set_title(r"$\nonsense$")

    with pytest.raises(ValueError, match="nonsense"):
        save(figure, tmp_path / "a.svg")

    assert names_in(tmp_path) == []


def test_ticks_are_computed_once_and_are_those_of_matplotlib(tmp_path, monkeypatch):
    figure, calls = chart(), []
    locator = type(figure.axes[0].xaxis.get_major_locator())
    compute = locator.__call__
    monkeypatch.setattr(locator, "__call__", lambda self: calls.append(self) or compute(self))

    save(figure, tmp_path / "settled.png")
    assert len(calls) == 1

    monkeypatch.setattr(style, "_settle", lambda axis: None)
    save(chart(), tmp_path / "left alone.png")
    assert len(calls) > 10
    assert (tmp_path / "settled.png").read_bytes() == (tmp_path / "left alone.png").read_bytes()


def test_settings_of_matplotlib_are_left_alone(tmp_path):
    before = dict(mpl.rcParams)

    save(chart(), tmp_path / "a.svg")

    assert dict(mpl.rcParams) == before


def test_drawing_needs_neither_pyplot_nor_a_display():
    script = "import sys; import epyflow.figures; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "False"
