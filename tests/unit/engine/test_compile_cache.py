import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from epyflow import engine
from epyflow.engine import compile_cache
from epyflow.model.assembler import Assembler
from tests.building import member, people, sir

PROJECT = Path(__file__).resolve().parents[3]

SIMULATE = """\
import hashlib
import numpy as np
from epyflow import engine
from epyflow.engine import compile_cache
from epyflow.model.assembler import Assembler
from tests.building import member, people, sir

compile_cache.warm(print)
kernel = compile_cache.load()
loaded = sum(kernel.simulate.stats.cache_hits.values()) + sum(kernel.draw.stats.cache_hits.values())
model = Assembler(sir(delta_t=0.2), people(), None, ()).build(member())
trajectory = engine.simulate(model, np.random.default_rng(5))
print(loaded, hashlib.sha256(trajectory.compartments.tobytes()).hexdigest())
"""


def start(code, **environment):
    """Start Python with a cache folder of its own."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**inherited, **{key: str(value) for key, value in environment.items()}},
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )


def lines(process):
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return printed.splitlines()


@pytest.fixture
def folders(monkeypatch, tmp_path):
    """Two folders that code may be kept in: what NUMBA_CACHE_DIR names, and the user's."""
    image, user = tmp_path / "image", tmp_path / "user"
    monkeypatch.setattr(compile_cache._config, "CACHE_DIR", str(image))
    monkeypatch.setattr(compile_cache, "user_cache_path", lambda _: user)
    return image, user


def close(monkeypatch, *closed):
    """Close folders to writing, as for somebody who is not root."""
    is_open = compile_cache._is_open
    monkeypatch.setattr(
        compile_cache,
        "_is_open",
        lambda folder: folder.parent not in closed and is_open(folder),
    )


def compile_into(root):
    """Put what looks like compiled code where it is looked for."""
    folder = root / f"engine-{compile_cache._key()}"
    for name in ("engine_x/kernel.nbi", "engine_x/kernel.1.nbc", "complete"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return folder


def test_processes_that_start_together_compile_once_and_later_ones_never(tmp_path):
    # For any processor of the kind, as in an image; the numbers are the same to the bit.
    image = {"NUMBA_CPU_NAME": "generic", "NUMBA_CACHE_DIR": tmp_path / "image"}
    image["XDG_CACHE_HOME"] = tmp_path / "user"  # with nothing that was compiled before
    together = [lines(each) for each in [start(SIMULATE, **image) for _ in range(2)]]
    later = lines(start(SIMULATE, **image))
    model = Assembler(sir(delta_t=0.2), people(), None, ()).build(member())
    here = engine.simulate(model, np.random.default_rng(5)).compartments.tobytes()
    expected = hashlib.sha256(here).hexdigest()

    said = [line for each in together for line in each if "compiling" in line]
    assert said == ["compiling the engine: about 7 s, once on this machine"]
    assert {each[-1].split()[1] for each in together} == {expected}
    assert later == [f"2 {expected}"]  # both functions were loaded

    # The same code where its folder is closed: it is copied, not compiled.
    closed = (
        "from epyflow.engine import compile_cache as c\n"
        f"c._is_open = lambda folder, asked=c._is_open: {str(tmp_path / 'image')!r} "
        "not in str(folder) and asked(folder)\n"
    )
    assert lines(start(closed + SIMULATE, **image)) == later


def test_compiled_code_is_used_where_it_is_if_it_can_be_written_to(folders):
    image, user = folders
    compiled = compile_into(user)

    assert compile_cache.code_folder() == compiled
    assert compile_into(image) == compile_cache.code_folder()


def test_compiled_code_in_a_closed_folder_is_copied_to_the_users(folders, monkeypatch):
    image, user = folders
    compiled = compile_into(image)
    close(monkeypatch, image)

    folder = compile_cache.code_folder()

    assert folder == user / compiled.name
    assert (folder / "engine_x/kernel.1.nbc").read_bytes() == b"engine_x/kernel.1.nbc"
    assert (folder / "complete").exists()


def test_nothing_is_taken_from_a_folder_where_compiling_was_cut_off(folders, monkeypatch):
    image, _ = folders
    (compile_into(image) / "complete").unlink()
    close(monkeypatch, image)

    assert not list(compile_cache.code_folder().iterdir())


def test_where_nothing_can_be_written_a_temporary_folder_has_to_do(folders, monkeypatch, caplog):
    close(monkeypatch, *folders)

    folder = compile_cache.code_folder()

    assert folder.name.startswith("epyflow-engine-")
    assert folder.parent not in folders
    assert "set NUMBA_CACHE_DIR" in caplog.text
    assert folder.stat().st_mode & 0o077 == 0  # nobody else can put code there
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", compile_cache._SOURCES)
def test_a_change_of_the_source_asks_for_other_code(name, monkeypatch, tmp_path):
    shutil.copytree(compile_cache._HERE, tmp_path / "engine")
    monkeypatch.setattr(compile_cache, "_HERE", tmp_path / "engine")
    before = compile_cache._key()

    with (tmp_path / "engine" / name).open("a") as source:
        source.write("# changed\n")

    assert compile_cache._key() != before


def test_the_sources_are_all_that_is_compiled():
    texts = {path.name: path.read_text() for path in compile_cache._HERE.glob("*.py")}
    compiled = {name for name, text in texts.items() if "import" in text and "njit" in text}
    compiled |= {name for name, text in texts.items() if "register_jitable" in text}
    kernel = texts["kernel.py"]

    imported = {name for name in texts if f"epyflow.engine.{Path(name).stem} import" in kernel}
    assert compiled | imported == set(compile_cache._SOURCES)


@pytest.mark.parametrize(
    ("setting", "value"), [("CPU_NAME", "generic"), ("CPU_FEATURES", "+avx"), ("OPT", 1)]
)
def test_another_processor_asks_for_other_code(setting, value, monkeypatch):
    before = compile_cache._key()
    monkeypatch.setattr(compile_cache._config, setting, value)

    assert compile_cache._key() != before


def test_where_files_cannot_be_locked_nobody_waits(monkeypatch, tmp_path):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(compile_cache.fcntl, "flock", refuse)

    with compile_cache._alone_in(tmp_path):
        entered = True
    assert entered


def test_only_the_kernel_is_kept_there(tmp_path, monkeypatch):
    monkeypatch.setattr(compile_cache._config, "CACHE_DIR", "elsewhere")

    compile_cache._import_from(tmp_path)

    assert compile_cache._config.CACHE_DIR == "elsewhere"


def test_a_folder_that_cannot_be_made_is_closed(tmp_path):
    (tmp_path / "file").touch()

    assert not compile_cache._is_open(tmp_path / "file" / "folder")
