from pathlib import Path

from tests.unit.cli.command import run


def test_the_engine_can_be_compiled_before_it_is_needed():
    done = run("warm")

    assert done.exit_code == 0
    folder = Path(done.stdout.splitlines()[-1].removeprefix("The engine is compiled, in "))
    assert list(folder.rglob("*.nbc"))
