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
