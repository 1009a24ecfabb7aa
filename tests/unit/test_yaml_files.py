import os

import pytest

from epyflow.errors import UnreadableError
from epyflow.yaml_files import read_yaml


def test_a_mistake_names_the_file_the_line_and_what_to_write(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text("region: us-central1\nvcpus: 1_0\n")

    with pytest.raises(UnreadableError) as caught:
        read_yaml(path)

    assert str(caught.value) == (
        f"{path}: line 2, column 8: 1_0 would be 10 in YAML 1.1 ('_' is left out); write 10, or "
        "'1_0' for a text"
    )


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "site.yaml")

    with pytest.raises(UnreadableError, match=r"site\.yaml: cannot be read: not a regular file"):
        read_yaml(tmp_path / "site.yaml")


@pytest.mark.parametrize("tag", ["!a%1B%5B2J", "!!a%E2%80%AE"])
def test_a_tag_is_named_without_its_control_characters(tmp_path, tag):
    (tmp_path / "site.yaml").write_text(f"region: {tag} x\n")

    with pytest.raises(UnreadableError, match=r"site\.yaml: line 1, column 9: ") as caught:
        read_yaml(tmp_path / "site.yaml")

    assert str(caught.value).isprintable()
