from epyflow.operations.setup.gcloud_defaults import gcloud_project, guess_site


def test_the_project_of_gcloud_is_asked_of_gcloud(tmp_path):
    gcloud = tmp_path / "gcloud"
    gcloud.write_text('#!/bin/sh\n[ "$*" = "config get-value project --quiet" ] && echo theirs\n')
    gcloud.chmod(0o755)

    assert gcloud_project({"PATH": str(tmp_path)}) == "theirs"
    assert gcloud_project({"PATH": str(tmp_path), "GOOGLE_CLOUD_PROJECT": "mine"}) == "mine"
    gcloud.write_text("#!/bin/sh\nexit 1\n")
    assert gcloud_project({"PATH": str(tmp_path)}) == ""


def test_a_project_that_gcloud_does_not_set_is_none(tmp_path):
    gcloud = tmp_path / "gcloud"
    gcloud.write_text("#!/bin/sh\necho '(unset)'\n")
    gcloud.chmod(0o755)

    assert gcloud_project({"PATH": str(tmp_path)}) == ""
    assert gcloud_project({"PATH": str(tmp_path / "nowhere")}) == ""
    gcloud.write_text("#!/bin/sh\necho theirs\nexit 1\n")
    assert gcloud_project({"PATH": str(tmp_path)}) == ""


def test_what_is_known_wins_over_guesses():
    environment = {"GOOGLE_CLOUD_PROJECT": "p", "CLOUDSDK_COMPUTE_REGION": "europe-west1"}

    assert guess_site({}, environment) == {
        "project": "p",
        "region": "europe-west1",
        "service_account": "epyflow-tasks@p.iam.gserviceaccount.com",
    }
    assert guess_site({"project": "q", "region": "us-east1", "image": ""}, environment) == {
        "project": "q",
        "region": "us-east1",
        "service_account": "epyflow-tasks@q.iam.gserviceaccount.com",
    }
    assert guess_site({}, {"PATH": ""}) == {"region": "us-central1"}
