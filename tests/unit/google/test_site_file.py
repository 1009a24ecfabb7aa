import json

import pytest
import yaml
from typer.testing import CliRunner

from epyflow.cli.app import app
from epyflow.google.site import Site, read_site
from epyflow.google.site_file import configured_site

IMAGE = "us-central1-docker.pkg.dev/my-project/epyflow/epyflow@sha256:" + "1" * 64
VALUES = {
    "project": "my-project",
    "region": "us-central1",
    "storage": "gs://my-bucket/epyflow",
    "service_account": "epyflow-tasks@my-project.iam.gserviceaccount.com",
    "network": "projects/my-project/global/networks/epyflow",
    "subnetwork": "projects/my-project/regions/us-central1/subnetworks/epyflow-us-central1",
    "environment": "prod",
}


def printed(**changes: object) -> str:
    """What ``terraform output -json`` prints."""
    site = {"sensitive": False, "type": ["object", {}], "value": VALUES | changes}
    return json.dumps({"site": site, "token_secret": {"value": "x"}})


@pytest.fixture
def site(tmp_path, monkeypatch):
    path = tmp_path / "profiles" / "site.yaml"
    for name in Site.model_fields:
        monkeypatch.delenv(f"EPYFLOW_GCP_{name.upper()}", raising=False)
    monkeypatch.setenv("EPYFLOW_GCP_SITE", str(path))
    return path


def configure(*arguments: str, text: str | None = None):
    return CliRunner().invoke(app, ["cloud", "configure", *arguments], input=text)


def test_the_outputs_of_terraform_become_the_settings_of_the_profile(site):
    done = configure("-", "--image", IMAGE, text=printed())

    assert (done.exit_code, done.stdout) == (0, f"wrote {site}\n")
    assert read_site() == Site(image=IMAGE, **VALUES)


def test_settings_are_written_in_the_order_in_which_they_are_documented(site):
    configure("-", "--image", IMAGE, text=printed())

    written = list(yaml.safe_load(site.read_text()))
    assert written == [name for name in Site.model_fields if name in written]


def test_without_an_image_the_next_step_is_named_and_then_only_the_image_is_added(site, tmp_path):
    (tmp_path / "outputs.json").write_text(printed())

    first = configure(str(tmp_path / "outputs.json"))
    second = configure("--image", IMAGE)

    assert first.stdout.endswith("next: make image-push\n")
    assert second.stdout == f"wrote {site}\n"
    assert read_site() == Site(image=IMAGE, **VALUES)


def test_what_the_outputs_do_not_say_is_kept(site):
    configure("-", "--image", IMAGE, text=printed())

    configure("-", text=printed(region="europe-west1"))

    written = yaml.safe_load(site.read_text())
    assert (written["image"], written["region"]) == (IMAGE, "europe-west1")


def test_what_terraform_was_not_asked_to_make_is_left_out_and_what_was_there_is_kept(site):
    topic = "projects/my-project/topics/mine"
    site.parent.mkdir()
    site.write_text(f"notify_topic: {topic}\n")

    configure("-", "--image", IMAGE, text=printed(notify_topic=None, notify_webhook_secret=None))

    assert "notify_webhook_secret" not in yaml.safe_load(site.read_text())
    assert read_site().notify_topic == topic


def test_a_wrong_value_is_named_and_nothing_is_written(site):
    done = configure("-", text=printed(storage="my-bucket"))

    assert done.exit_code == 1
    assert "storage: 'my-bucket' is not right; expected the bucket" in done.stderr
    assert not site.exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"site": 1}', "no json"])
def test_what_is_no_output_of_terraform_is_refused(site, text):
    done = configure("-", text=text)

    assert done.exit_code == 1
    assert "expected the output of `terraform output -json`" in done.stderr


def test_a_file_that_is_not_there_is_named(site):
    done = configure("nowhere.json")

    assert done.exit_code == 2
    assert "nowhere.json: cannot be read or written: No such file" in done.stderr


def test_nothing_to_write_is_said_to_be(site):
    assert configure().exit_code == 2


def test_a_variable_wins_over_the_file_when_the_settings_are_read_in_part(site, monkeypatch):
    configure("-", text=printed())
    monkeypatch.setenv("EPYFLOW_GCP_REGION", "europe-west1")

    assert configured_site() == VALUES | {"region": "europe-west1"}
