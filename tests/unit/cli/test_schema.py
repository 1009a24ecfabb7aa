from tests.unit.cli.command import run


def test_the_schema_is_written_and_then_up_to_date(tmp_path):
    folder = tmp_path / "new" / "schemas"

    assert run("schema", folder, "--check").exit_code == 1
    assert run("schema", folder).exit_code == 0
    assert run("schema", folder, "--check").exit_code == 0
    assert [path.name for path in folder.iterdir()] == ["experiment.schema.json"]

    (folder / "experiment.schema.json").write_text("{}", encoding="utf-8")
    assert "out of date: run epyflow schema" in run("schema", folder, "--check").stdout


def test_a_schema_that_cannot_be_written_ends_with_2(tmp_path):
    (tmp_path / "file").touch()

    done = run("schema", tmp_path / "file")

    assert done.exit_code == 2
    assert "cannot be read or written" in done.stderr
