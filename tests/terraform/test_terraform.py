"""terraform/ fits the provider's schema, grants no more than it says, and feeds profiles/gcp."""

import json
import re
import tomllib
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from string import Template

import pytest
import yaml

from epyflow.google.site import Site
from epyflow.operations.doctor.google_project import ROLES, SECRET_SERVICE, SERVICES, TASKS_ROLES
from epyflow.run.layout import RunLayout
from tests.terraform.bucket_conditions import admits, condition
from tests.terraform.hcl import FOLDER, Block, Configuration, Resource, is_block, plain, problems

ROOT = FOLDER.parent
EXTRACT = json.loads((Path(__file__).parent / "provider_schema.json").read_text(encoding="utf-8"))
CONFIGURATION = Configuration()
TEXT = "\n".join(CONFIGURATION.texts.values())
CODE = re.sub(r"^\s*#.*$", "", TEXT, flags=re.MULTILINE)

SITE = Site(
    project="my-project",
    region="us-central1",
    storage="gs://bucket/epyflow",
    image="x@sha256:" + "0" * 64,
    service_account="tasks@my-project.iam.gserviceaccount.com",
)


def of_type(name: str) -> list[Resource]:
    return [resource for resource in CONFIGURATION.resources if resource.type == name]


def test_every_resource_has_the_arguments_that_the_provider_has():
    assert CONFIGURATION.resources
    found = {each.address: problems(each, EXTRACT["schema"]) for each in CONFIGURATION.resources}

    assert {address: wrong for address, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"nam": "x"}, "no argument nam"),
        ({"router": None}, "router is missing"),
        ({"log_config": {"enable": True}}, "expected a block"),
        ({"log_config": [Block(enable=True)]}, "log_config: filter is missing"),
        ({"name": [Block()]}, "expected a value"),
        ({"log_config": [Block(enable=True, filter="ALL")] * 2}, "only one block is allowed"),
    ],
)
def test_a_resource_that_the_provider_would_refuse_is_noticed(change, problem):
    sound = {"name": "x", "router": "x", "source_subnetwork_ip_ranges_to_nat": "x"}
    body = {key: value for key, value in (sound | change).items() if value is not None}
    resource = Resource("resource", "google_compute_router_nat", "x", Block(body))

    (found,) = problems(resource, EXTRACT["schema"])

    assert problem in found


def test_the_schema_is_that_of_the_version_that_terraform_asks_for():
    (required,) = [block for block in CONFIGURATION.terraform if "required_providers" in block]
    asked = required["required_providers"][0]["google"]["version"]

    assert asked == "~> " + ".".join(EXTRACT["provider"].split(".")[:2])


def test_everything_that_is_referred_to_is_there():
    used = {kind: set(re.findall(rf"\b{kind}\.(\w+)", CODE)) for kind in ("var", "local")}

    assert used["var"] == set(CONFIGURATION.variables)
    assert used["local"] == set(CONFIGURATION.locals)


def test_every_attribute_that_is_read_is_one_of_the_resources():
    resources = {resource.address: resource for resource in CONFIGURATION.resources}
    pattern = r"\b((?:data\.)?google_\w+\.\w+)(?:\[[^\]]*\])?(?:\.(\w+))?"
    read = re.findall(pattern, CODE)

    assert read
    for address, attribute in read:
        resource = resources[address]
        known = EXTRACT["schema"][f"{resource.kind}.{resource.type}"]["attributes"]
        assert not attribute or attribute in known, f"{address}.{attribute}"


def test_every_variable_and_output_is_described():
    described = [*CONFIGURATION.variables.values(), *CONFIGURATION.outputs.values()]

    assert all(body["description"] for body in described)


def test_the_example_sets_variables_that_there_are_and_all_that_have_no_default():
    example = (FOLDER / "terraform.tfvars.example").read_text(encoding="utf-8")
    names = set(re.findall(r"^(\w+) +=", example, re.MULTILINE))
    needed = {name for name, body in CONFIGURATION.variables.items() if "default" not in body}

    assert needed <= names <= set(CONFIGURATION.variables)


def test_the_output_site_holds_what_the_profile_needs_but_the_image():
    keys = set(CONFIGURATION.outputs["site"]["value"])

    assert keys == set(Site.model_fields) - {"image", "zones"}


def test_no_secret_has_a_value_in_the_state():
    assert "google_secret_manager_secret_version" not in TEXT
    assert "secret_data" not in TEXT


def test_everything_that_can_be_labelled_has_the_labels_of_runs():
    labels = set(re.findall(r"(?<=[',])([\w-]+)=", SITE.labels("run")))
    schema = EXTRACT["schema"]
    can = [
        r for r in CONFIGURATION.resources if "labels" in schema[f"{r.kind}.{r.type}"]["arguments"]
    ]
    can = [resource for resource in can if resource.kind == "resource"]
    without = [r.address for r in can if r.body.get("labels") != "${local.labels}"]

    assert set(CONFIGURATION.locals["labels"]) <= labels
    # The labels of a channel are its address; its own are user_labels.
    assert without == ["google_monitoring_notification_channel.email"]


# --- Who may do what ------------------------------------------------------------------------------

PEOPLE = "operators"
GROUPS = {
    "on_machines": {"tasks", "coordinator"},
    "coordinating": {"coordinator", PEOPLE},
    "using_bucket": {"tasks", "coordinator", PEOPLE},
    "tasks": {"tasks"},
    "coordinator": {"coordinator"},
    "build": {"build"},
}
"""The locals of iam.tf by the accounts in them."""


def members(resource: Resource) -> set[str]:
    """Return the accounts that an IAM resource names."""
    body = resource.body
    text = f"{body.get('for_each', '')} {body['member']}"
    named = set().union(*(GROUPS[name] for name in re.findall(r"local\.(\w+)", text)))
    return named | ({PEOPLE} if "var.operators" in text else set())


def grants() -> dict[str, set[str]]:
    """Return account to roles."""
    found: dict[str, set[str]] = defaultdict(set)
    for resource in CONFIGURATION.resources:
        if resource.type.endswith("_iam_member"):
            for member in members(resource):
                found[member].add(resource.body["role"].removeprefix("roles/"))
    return found


ON_A_MACHINE = {
    "artifactregistry.reader",
    "batch.agentReporter",
    "logging.logWriter",
    "serviceusage.serviceUsageConsumer",
    "storage.objectAdmin",
}
COORDINATING = {
    "batch.jobsEditor",
    "iam.serviceAccountUser",
    "logging.viewer",
    "secretmanager.secretAccessor",
    "serviceusage.serviceUsageConsumer",
    "storage.objectAdmin",
}
BUILDING = {"artifactregistry.writer", "logging.logWriter", "secretmanager.secretAccessor"}


def test_each_account_has_the_roles_of_its_work_and_no_other():
    assert grants() == {
        "tasks": ON_A_MACHINE,
        "coordinator": ON_A_MACHINE | COORDINATING | {"pubsub.publisher"},
        "build": BUILDING | {"storage.objectViewer"},
        PEOPLE: COORDINATING
        | {"artifactregistry.writer", "cloudbuild.builds.editor", "monitoring.viewer"},
    }


def test_a_check_before_a_run_fails_for_want_of_no_more_than_is_granted():
    granted = {f"roles/{role}" for role in grants()["coordinator"]}
    enabled = CONFIGURATION.texts["apis.tf"]

    assert set(ROLES.values()) <= granted
    assert set(TASKS_ROLES) <= {f"roles/{role}" for role in grants()["tasks"]}
    assert [each for each in (*SERVICES, SECRET_SERVICE) if f'"{each}"' not in enabled] == []


def test_the_groups_of_accounts_are_those_that_iam_makes():
    made = {
        name: set(re.findall(r"local\.(\w+)", str(CONFIGURATION.locals[name])))
        | ({PEOPLE} if "var.operators" in str(CONFIGURATION.locals[name]) else set())
        for name in ("on_machines", "coordinating", "using_bucket")
    }

    assert made == {
        "on_machines": {"tasks", "coordinator"},
        "coordinating": {"coordinator", PEOPLE},
        "using_bucket": {"on_machines", "coordinating"},
    }


def test_on_the_project_there_is_no_role_that_reaches_data_secrets_or_other_accounts():
    on_project = {
        resource.body["role"]
        for resource in CONFIGURATION.resources
        if resource.type == "google_project_iam_member"
    }

    narrow = ("storage.", "secretmanager.", "iam.", "artifactregistry.", "owner", "editor")
    assert not [role for role in on_project if role.removeprefix("roles/").startswith(narrow)]


COORDINATORS, TASKS, BUILDS = ACCOUNTS = ("results", "task_results", "build_sources")
RUN = RunLayout("us/flu", "main")


def test_objects_outside_the_prefix_are_out_of_reach():
    for expression in map(condition, ACCOUNTS):
        assert not admits(expression, "/teams/flu2/results/us/flu/main/outputs/a.csv.gz")
        assert not admits(expression, "/coordinator/us/flu/main/state.tar.gz")
    assert [admits(each, None) for each in map(condition, ACCOUNTS)] == [True, True, False]


def test_tasks_can_write_what_they_make_and_no_file_that_another_account_runs():
    made = [RUN.result(0), RUN.task_log(0), RUN.table("quantiles"), RUN.metadata]
    made += [f"{RUN.task_benchmarks}/00000.tsv", "googlebatch-logs/job/0.log"]
    # Snakemake compares the archive of the workflow with a checksum in the job's command.
    made += ["snakemake-workflow-sources.0123.tar.xz"]
    run = [RUN.coordinator_state, RUN.coordinator_sources("0" * 64)]
    run += [RUN.coordinator_record, RUN.coordinator_log, "build-sources/1.tgz"]
    run += [RUN.coordinator_lease]
    # With gs://bucket/teams/flu/{exp_id} as the prefix.
    made += [f"us/flu/{RUN.result(0)}"]
    run += [f"us/flu/{RUN.coordinator_state}"]

    assert {path: admits(condition(TASKS), path) for path in made} == dict.fromkeys(made, True)
    assert {path: admits(condition(TASKS), path) for path in run} == dict.fromkeys(run, False)
    assert all(admits(condition(COORDINATORS), path) for path in made + run)


def test_builds_can_read_their_sources_only():
    assert admits(condition(BUILDS), "build-sources/1.tgz")
    assert not admits(condition(BUILDS), RUN.coordinator_state)


def test_no_other_grant_opens_the_bucket_to_tasks():
    storage = [
        resource.name
        for resource in CONFIGURATION.resources
        if resource.type.endswith("_iam_member")
        and "tasks" in members(resource)
        and resource.body["role"].startswith("roles/storage.")
    ]

    assert storage == ["task_results"]


# --- What is watched ------------------------------------------------------------------------------

DASHBOARDS = ("build", "run", "tables", "overall")


def variables_of(name: str) -> dict[str, str]:
    """Return what a dashboard's template is filled in with."""
    return CONFIGURATION.locals["dashboards"][name]


def rendered(name: str) -> dict:
    """Fill in the template as terraform does: it has plain ``${name}`` only."""
    template = (FOLDER / "dashboards" / "stage.json.tftpl").read_text(encoding="utf-8")
    return json.loads(Template(template).substitute(variables_of(name)))


def filters(document: object) -> list[str]:
    if isinstance(document, list):
        return [text for each in document for text in filters(each)]
    if not isinstance(document, dict):
        return []
    own = [document["filter"]] if "filter" in document else []
    return own + [text for each in document.values() for text in filters(each)]


def test_there_are_the_four_dashboards_and_their_stages_are_those_of_the_profile():
    profile = (ROOT / "profiles" / "gcp" / "config.yaml").read_text(encoding="utf-8")
    stages = set(re.findall(r'site\.labels\("(\w+)"\)', profile))
    dashboards = CONFIGURATION.locals["dashboards"]
    shown = set("|".join(each["stages"] for each in dashboards.values()).split("|"))

    assert tuple(dashboards) == DASHBOARDS
    assert stages <= shown
    assert shown <= {"build", "run", "tables", "hub", "figures", ".*"}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_charts_cpu_memory_and_machines_of_its_stages(name):
    found = filters(rendered(name))

    metrics = {text for each in found for text in re.findall(r'metric\.type="([^"]+)"', each)}
    assert metrics == {
        "compute.googleapis.com/instance/cpu/utilization",
        "compute.googleapis.com/instance/cpu/usage_time",
        "compute.googleapis.com/instance/memory/balloon/ram_used",
        "agent.googleapis.com/memory/percent_used",
    }
    for text in found:
        assert 'metadata.user_labels."component"="epyflow"' in text
        assert f'full_match("{variables_of(name)["stages"]}")' in text


def test_the_tiles_of_a_dashboard_do_not_overlap():
    layout = rendered("run")["mosaicLayout"]
    places = [
        {
            (x, y)
            for x in range(tile["xPos"], tile["xPos"] + tile["width"])
            for y in range(tile["yPos"], tile["yPos"] + tile["height"])
        }
        for tile in layout["tiles"]
    ]

    assert all(x < layout["columns"] for place in places for x, _ in place)
    assert not any(one & other for one, other in combinations(places, 2))


def test_charts_and_alerts_ask_for_labels_that_machines_have():
    labels = set(re.findall(r"(?<=[',])([\w-]+)=", SITE.labels("run")))
    template = (FOLDER / "dashboards" / "stage.json.tftpl").read_text(encoding="utf-8")
    asked = set(re.findall(r'user_labels\.\\"([\w-]+)\\"', template + TEXT))
    asked |= {each["labelKey"] for each in rendered("run")["dashboardFilters"]}

    assert {"component", "stage", "exp_id", "run_id", "environment"} == asked
    assert asked <= labels


def test_there_is_word_of_failed_and_stuck_jobs_and_of_money():
    alerts = {
        r.name: r for r in CONFIGURATION.resources if r.type == "google_monitoring_alert_policy"
    }
    told = [alerts[name].body["notification_channels"] for name in ("failed_jobs", "stuck_jobs")]
    (budget,) = of_type("google_billing_budget")

    assert told == ["${local.channels}"] * 2
    (rule,) = budget.body["all_updates_rule"]
    assert is_block(rule)
    assert rule["monitoring_notification_channels"] == "${local.channels}"


def test_no_task_runs_for_longer_than_what_counts_as_stuck():
    profile = (ROOT / "profiles" / "gcp" / "config.yaml").read_text(encoding="utf-8")
    minutes = [int(text) for text in re.findall(r"^    runtime: (\d+)$", profile, re.MULTILINE)]

    assert minutes
    assert max(minutes) < plain(CONFIGURATION.variables["stuck_hours"])["default"] * 60


# --- The image's build ----------------------------------------------------------------------------


def test_the_bindings_and_the_parser_are_named_where_they_are_pinned():
    script = (ROOT / "scripts" / "extract_provider_schema.py").read_text(encoding="utf-8")
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]

    assert f"cdktf-cdktf-provider-google=={EXTRACT['bindings']}" in script
    assert any(str(each).startswith("python-hcl2") for each in groups["dev"])


def test_the_policy_of_images_keeps_the_last_ones():
    (images,) = [
        r for r in CONFIGURATION.resources if r.type == "google_artifact_registry_repository"
    ]
    policies = {each["id"]: each["action"] for each in images.body["cleanup_policies"]}

    assert set(policies.values()) == {"KEEP", "DELETE"}
    assert images.body["cleanup_policy_dry_run"] is False


def test_a_build_is_labelled_like_a_run():
    build = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text(encoding="utf-8"))

    assert {"component-epyflow", "managed-by-cloudbuild"} <= set(build["tags"])
