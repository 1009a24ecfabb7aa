import pytest
from snakemake.iocontainers import Wildcards
from snakemake.resources import Resource

from epyflow.errors import EpyflowError
from epyflow.google.site import Site, read_site, site_of_profile

DIGEST = "sha256:" + "0123456789abcdef" * 4
VALUES = {
    "project": "my-project",
    "region": "us-central1",
    "storage": "gs://my-bucket/epyflow",
    "image": f"us-docker.pkg.dev/my-project/epyflow/cloud@{DIGEST}",
    "service_account": "tasks@my-project.iam.gserviceaccount.com",
}
VARIABLES = {f"EPYFLOW_GCP_{name.upper()}": value for name, value in VALUES.items()}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A working directory without a site.yaml."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_file(folder, *lines, name="profiles/gcp/site.yaml"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


def lines_of(values):
    return [f"{name}: {value}" for name, value in values.items()]


def test_everything_can_come_from_the_environment():
    assert read_site(VARIABLES) == Site(**VALUES)


def test_everything_can_come_from_the_file(elsewhere):
    write_file(elsewhere, *lines_of(VALUES))

    assert read_site({}) == Site(**VALUES)


def test_the_environment_wins_over_the_file(elsewhere):
    write_file(elsewhere, *lines_of(VALUES | {"region": "europe-west4"}))

    assert read_site({"EPYFLOW_GCP_REGION": "us-east1"}).region == "us-east1"


def test_an_empty_variable_counts_as_none(elsewhere):
    write_file(elsewhere, *lines_of(VALUES))

    assert read_site({"EPYFLOW_GCP_REGION": ""}).region == "us-central1"


def test_another_file_can_be_named(elsewhere):
    write_file(elsewhere, *lines_of(VALUES | {"environment": "prod"}), name="prod.yaml")

    assert read_site({"EPYFLOW_GCP_SITE": "prod.yaml"}).environment == "prod"


def test_a_file_that_was_named_must_be_there():
    with pytest.raises(
        EpyflowError, match=r"EPYFLOW_GCP_SITE names prod\.yaml, which does not exist"
    ):
        read_site(VARIABLES | {"EPYFLOW_GCP_SITE": "prod.yaml"})


@pytest.mark.parametrize("name", VALUES)
def test_what_is_missing_is_named_with_both_remedies(name):
    without = {key: value for key, value in VARIABLES.items() if not key.endswith(name.upper())}

    with pytest.raises(EpyflowError) as caught:
        read_site(without)

    (line,) = str(caught.value).splitlines()[1:]
    assert line.startswith(f"  {name}: missing; expected ")
    assert line.endswith(f"set EPYFLOW_GCP_{name.upper()}, or {name} in profiles/gcp/site.yaml")


def test_all_that_is_missing_is_said_at_once():
    with pytest.raises(EpyflowError) as caught:
        read_site({})

    lines = str(caught.value).splitlines()[1:]
    assert [line.split(":")[0].strip() for line in lines] == list(VALUES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("project", "My Project"),
        ("region", "us-central1-a"),
        ("storage", "my-bucket/epyflow"),
        ("storage", "gs://my-bucket/epyflow/"),
        ("storage", "gs://my-bucket//epyflow"),
        ("storage", "gs://my-bucket/a#b"),
        ("storage", "gs://my-bucket/{profile}"),
        ("storage", "gs://{exp_id}/epyflow"),
        ("image", "us-docker.pkg.dev/my-project/epyflow/cloud:latest"),
        ("image", f"cloud@{DIGEST[:-1]}"),
        ("service_account", "tasks"),
        ("network", "default"),
        ("environment", "Prod!"),
        ("zones", "us-central1-a,us-east1-b"),
        ("zones", "us-central1-a us-central1-c"),
        ("storage", "gs://my-bucket/a/../b"),
        ("storage", "gs://my-bucket/."),
        ("image", f"--x;id@{DIGEST}"),
        ("image", f"$(id)@{DIGEST}"),
        ("service_account", "--flag@example.org"),
        ("service_account", "$(id)@example.org"),
        ("network", "projects/$(id)/global/networks/a"),
        ("notify_topic", "projects/my-project/topics/$(id)"),
        ("notify_webhook_secret", "projects/my-project/secrets/a;id"),
    ],
)
def test_what_cannot_be_right_is_refused_with_an_example(name, value):
    with pytest.raises(EpyflowError) as caught:
        read_site(VARIABLES | {f"EPYFLOW_GCP_{name.upper()}": value})

    (line,) = str(caught.value).splitlines()[1:]
    assert line.startswith(f"  {name}: {value!r} is not right; expected ")
    assert "such as " in line


def test_zones_are_those_of_the_region():
    zones = "us-central1-a, us-central1-c"

    assert read_site(VARIABLES | {"EPYFLOW_GCP_ZONES": zones}).zones == zones
    assert read_site(VARIABLES).zones is None


def test_a_bucket_needs_no_folder():
    variables = VARIABLES | {"EPYFLOW_GCP_STORAGE": "gs://my-bucket"}

    assert read_site(variables).storage == "gs://my-bucket"


def test_a_misspelt_key_of_the_file_offers_the_right_one(elsewhere):
    write_file(elsewhere, *lines_of(VALUES), "netwerk: x")

    with pytest.raises(EpyflowError, match=r"unknown key 'netwerk' \(did you mean network"):
        read_site({})


@pytest.mark.parametrize("content", ["- a", "a: [", "text"])
def test_a_file_that_holds_no_keys_is_refused(elsewhere, content):
    write_file(elsewhere, content)

    with pytest.raises(EpyflowError, match=r"site\.yaml"):
        read_site(VARIABLES)


def test_labels_say_who_and_what_for():
    wildcards = Wildcards(fromdict={"exp_id": "202501/round1", "run_id": "main"})
    text = Site(**VALUES, environment="prod").labels("run")

    resource = Resource.from_cli_expression("googlebatch_labels", text)
    given = {"input": [], "attempt": 1, "threads": 1, "rulename": "run_task", "async_run": None}
    value = resource.evaluate(wildcards, **given).value
    assert dict(item.split("=") for item in value.split(",")) == {
        "component": "epyflow",
        "stage": "run",
        "environment": "prod",
        "managed-by": "snakemake",
        "exp_id": "202501/round1",
        "run_id": "main",
    }
    # A rule that only runs here may have no wildcards, but Snakemake asks for its resources.
    assert "exp_id=,run_id=" in resource.evaluate(Wildcards(), **given).value


def test_for_the_profile_a_mistake_is_the_end_with_the_message_alone(monkeypatch):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)

    with pytest.raises(SystemExit, match="settings of Google Cloud are missing or wrong"):
        site_of_profile()


def test_the_prefix_holds_the_environment_and_the_experiment():
    storage = "gs://my-bucket/{environment}/x-{exp_id}/runs"

    site = read_site(VARIABLES | {"EPYFLOW_GCP_STORAGE": storage})
    prod = read_site(
        VARIABLES | {"EPYFLOW_GCP_STORAGE": storage, "EPYFLOW_GCP_ENVIRONMENT": "prod"}
    )

    assert site.of_experiment("us/flu").storage == "gs://my-bucket/dev/x-us/flu/runs"
    assert prod.of_experiment("us/flu").storage == "gs://my-bucket/prod/x-us/flu/runs"
    # What is checked before there is an experiment.
    assert prod.shared_storage == "gs://my-bucket/prod"
    assert Site(**VALUES).shared_storage == VALUES["storage"]
    assert Site(**VALUES).of_experiment("us/flu") == Site(**VALUES)


def test_another_placeholder_is_refused_with_those_there_are():
    with pytest.raises(EpyflowError) as caught:
        read_site(VARIABLES | {"EPYFLOW_GCP_STORAGE": "gs://my-bucket/{run_id}"})

    assert "storage: 'gs://my-bucket/{run_id}' is not right" in str(caught.value)
    assert "no other placeholders than {environment} and {exp_id}" in str(caught.value)
