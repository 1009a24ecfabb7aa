from pathlib import Path

from epyflow.operations.setup.named_setting import change_setting


def test_a_setting_of_the_cloud_is_changed_and_empty_text_clears_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("profiles/gcp/site.yaml")
    path.parent.mkdir(parents=True)
    path.write_text("# Ours.\nregion: us-east4\n")

    other, none = change_setting("region", "europe-west1"), change_setting("region", "")

    assert change_setting("region", "us-east4") is None
    assert (other.path, other.text) == (path, "# Ours.\nregion: europe-west1\n")
    assert none.text == "# Ours.\nregion: null\n"
