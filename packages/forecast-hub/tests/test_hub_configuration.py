"""Hubs of every schema version are read; what is wrong in their files is named."""

import json
from copy import deepcopy
from datetime import date

import pytest
from made_up_hubs import ADMIN, submission, tasks, write_hub, write_submission

from forecast_hub.checks.validation import validate
from forecast_hub.config.hub import SubmissionsDue
from forecast_hub.config.reader import read_hub
from forecast_hub.errors import HubError, UnreadableError

VERSIONS = ("v3.0.1", "v4.0.0", "v4.0.1", "v5.0.0", "v5.1.0", "v6.0.0")


def in_version(version):
    """Write the same hub in the keys of a version."""
    document = tasks(version)
    if version.startswith("v3"):
        outputs = document["rounds"][0]["model_tasks"][0]["output_type"]
        outputs["quantile"]["output_type_id"]["optional"] = None
        outputs["mean"]["output_type_id"] = {"required": None, "optional": ["NA"]}
        outputs["sample"]["output_type_id_params"]["is_required"] = False
        cdf = document["rounds"][0]["model_tasks"][1]["output_type"]["cdf"]
        cdf["output_type_id"]["optional"] = None
        for output in (*outputs.values(), cdf):
            del output["is_required"]
    return document


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_says_the_same_of_the_same_hub(tmp_path, version):
    hub = read_hub(write_hub(tmp_path, in_version(version)))

    cases, level = hub.rounds[0].model_tasks
    quantile, sample = cases.output_types["quantile"], cases.output_types["sample"]
    assert quantile.ids.required == ("0.1", "0.5", "0.9")
    assert quantile.is_required
    assert not sample.is_required
    assert sample.samples is not None
    assert (sample.samples.minimum, sample.samples.maximum) == (2, 4)
    assert sample.samples.compound == ("forecast_date", "outcome", "region", "age")
    assert cases.output_types["mean"].ids.permitted == ("NA",)
    assert not cases.output_types["mean"].is_required
    assert cases.columns["region"].required == ("north",)
    assert level.columns["horizon"].permitted == ("NA",)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_submission_to_a_hub_of_any_version_is_judged(tmp_path, version):
    hub = write_hub(tmp_path, in_version(version))
    good = write_submission(hub, submission())
    frame = submission()
    bad = write_submission(hub, frame[frame["output_type_id"] != "0.5"], "2026-03-16-a-b.csv")

    assert validate(good, hub).accepted()
    assert not validate(bad, hub).accepted()


def test_optional_ids_of_schema_3_may_be_left_out(tmp_path):
    document = in_version("v3.0.1")
    ids = document["rounds"][0]["model_tasks"][0]["output_type"]["quantile"]["output_type_id"]
    ids |= {"required": [0.5], "optional": [0.1, 0.9]}
    hub = write_hub(tmp_path, document)
    frame = submission()
    frame = frame[~((frame["output_type_id"] == "0.9") & (frame["region"] == "south"))]

    assert validate(write_submission(hub, frame), hub).accepted()


def test_the_types_of_columns_are_the_simplest_that_hold_every_value(tmp_path):
    hub = read_hub(write_hub(tmp_path, tasks()))

    assert hub.types == {
        "forecast_date": "Date",
        "outcome": "character",
        "region": "character",
        "horizon": "integer",
        "age": "character",
        "output_type": "character",
        "output_type_id": "character",
        "value": "double",
    }


@pytest.mark.parametrize(("given", "expected"), [("auto", "double"), ("character", "character")])
def test_ids_that_are_all_numbers_are_of_type_double_unless_the_hub_says_otherwise(
    tmp_path, given, expected
):
    document = tasks() | {"output_type_id_datatype": given}
    del document["rounds"][0]["model_tasks"][1]

    assert read_hub(write_hub(tmp_path, document)).types["output_type_id"] == expected


def test_a_hub_may_be_all_in_one_folder_without_administration(tmp_path):
    (tmp_path / "tasks.json").write_text(json.dumps(tasks()))

    hub = read_hub(tmp_path)

    assert (hub.name, hub.formats, hub.timezone) == (tmp_path.name, ("csv", "parquet"), None)
    assert hub.rounds[0].due == SubmissionsDue(None, date(2026, 3, 1), date(2026, 3, 20))


def test_every_key_of_the_administration_that_matters_is_read(tmp_path):
    hub = read_hub(write_hub(tmp_path, tasks(), ADMIN | {"file_format": ["csv"]}))

    assert (hub.name, hub.formats, hub.timezone) == ("Made-up hub", ("csv",), "Europe/Berlin")
    assert hub.model_output == "submissions"


MODEL = "rounds.0.model_tasks.0"
QUANTILE = f"{MODEL}.output_type.quantile"
SAMPLE = f"{MODEL}.output_type.sample.output_type_id_params"
METADATA = f"{MODEL}.target_metadata.0"
GONE = object()

MISTAKES = [
    ("schema_version", GONE, "schema_version: None names no known schema"),
    ("schema_version", "v4", "schema_version: 'v4' names no known schema"),
    ("schema_version", "https://x/v2.0.0/tasks-schema.json", "expected v3 to v6"),
    ("schema_version", "https://x/v7.0.0/tasks-schema.json", "expected v3 to v6"),
    ("rounds", GONE, "rounds: is missing"),
    ("rounds", [], "rounds: empty"),
    ("rounds", "all", "rounds: 'all' is not a list"),
    ("rounds.0.model_tasks", [], "rounds[0].model_tasks: empty"),
    ("rounds.0.round_id", "reference_date", "rounds[0].round_id: 'reference_date' is no task id"),
    ("rounds.0.round_id_from_variable", "yes", "rounds[0].round_id_from_variable: 'yes'"),
    ("rounds.0.submissions_due.start", "1 March", "rounds[0].submissions_due: '1 March' is no"),
    ("rounds.0.submissions_due.relative_to", "age", "expected two dates, or relative_to with"),
    ("rounds.0.submissions_due.end", 10**12, "expected days from -36,500 to 36,500"),
    ("rounds.0.submissions_due.end", 3, "expected two dates, or relative_to with"),
    ("rounds.0.derived_task_ids", ["target_date"], "derived_task_ids: 'target_date' is no task"),
    (f"{MODEL}.task_id", {}, "rounds[0].model_tasks[0].task_id: is not a key of the hubverse's"),
    (f"{MODEL}.task_ids.horizon.required", GONE, "task_ids.horizon.required: is missing"),
    (f"{MODEL}.task_ids.horizon.needed", [], "task_ids.horizon.needed: is not a key"),
    (f"{MODEL}.task_ids.horizon.optionl", [], "schema (did you mean optional?)"),
    (f"{QUANTILE}.is_requird", True, "schema (did you mean is_required?)"),
    (f"{MODEL}.task_ids.horizon.required", 1, "task_ids.horizon.required: 1 is not a list"),
    (f"{MODEL}.task_ids.horizon.optional", [1], "task_ids.horizon: 1 is listed twice"),
    (f"{MODEL}.task_ids.horizon", GONE, "rounds[0].model_tasks[1].task_ids: has"),
    (f"{MODEL}.output_type.quantil", {}, "output_type.quantil: is not an output type"),
    (f"{QUANTILE}.value.type", "doubl", "output_type.quantile.value.type: 'doubl'"),
    (f"{QUANTILE}.value.minimum", "0", "output_type.quantile.value.minimum: '0'"),
    (f"{QUANTILE}.value.minmum", 0, "value.minmum: is not a key of the hubverse's schema (did"),
    (f"{QUANTILE}.value.maximum", -1, "quantile.value: minimum 0 is above maximum -1"),
    (f"{QUANTILE}.is_required", GONE, "output_type.quantile.is_required: is missing"),
    (f"{QUANTILE}.output_type_id.optional", [0.2], "output_type_id.optional: is not a key of sch"),
    (f"{QUANTILE}.output_type_id.required", [], "output_type_id.required: is empty"),
    (f"{QUANTILE}.output_type_id.required", [1.5], "output_type_id: 1.5 is no quantile level"),
    (f"{QUANTILE}.output_type_id.required", [0.5, 0.50], "output_type_id: 0.5 is listed twice"),
    (f"{QUANTILE}.output_type_id", GONE, "quantile: expected output_type_id"),
    (f"{MODEL}.output_type.mean.output_type_id.required", ["x"], "mean.output_type_id: ['x'] id"),
    (f"{SAMPLE}.min_samples_per_task", 5, "min_samples_per_task 5 is above"),
    (f"{SAMPLE}.min_samples_per_task", 0, "min_samples_per_task: 0 is too small"),
    (f"{SAMPLE}.max_samples_per_task", 0, "max_samples_per_task: 0 is too small; expected 1 or m"),
    (f"{SAMPLE}.max_samples_per_task", True, "max_samples_per_task: true is not a whole number"),
    (f"{SAMPLE}.max_length", 0, "max_length: 0 is too small"),
    (f"{QUANTILE}.is_required", 1, "is_required: 1 is not true or false"),
    (f"{QUANTILE}.value", None, "quantile.value: null is not an object"),
    (f"{QUANTILE}.value", [], "quantile.value: a list is not an object"),
    (f"{METADATA}.target_id", {}, "target_id: an object is not text"),
    (f"{METADATA}.target_id", False, "target_id: false is not text"),
    (f"{SAMPLE}.type", "character", "output_type_id_params.max_length: is missing"),
    (f"{SAMPLE}.compound_taskid_set", ["place"], "compound_taskid_set: 'place' is no task id"),
    (f"{SAMPLE}.is_required", False, "output_type_id_params.is_required: is not a key of sch"),
    (SAMPLE, GONE, "output_type.sample: expected output_type_id_params"),
    (f"{METADATA}.target_type", "number", "target_metadata[0].target_type: 'number'"),
    (f"{METADATA}.target_keys", {"target": "cases"}, "target_keys: 'target' is no task id"),
    (f"{METADATA}.target_keys", {"outcome": "deaths"}, "'deaths' is not among the values of out"),
    (f"{MODEL}.target_metadata", [], "target_metadata: is empty"),
]


def changed(document, path, value):
    """Set a key of a document, or take it out."""
    document = deepcopy(document)
    home = document
    *parts, last = path.split(".")
    for part in parts:
        home = home[int(part)] if isinstance(home, list) else home[part]
    if value is GONE:
        del home[last]
    else:
        home[last] = value
    return document


@pytest.mark.parametrize(("path", "value", "says"), MISTAKES)
def test_a_mistake_in_tasks_json_is_named_with_file_and_key(tmp_path, path, value, says):
    hub = write_hub(tmp_path, changed(tasks(), path, value))

    with pytest.raises(HubError) as caught:
        read_hub(hub)

    lines = str(caught.value).splitlines()
    assert any(says in line for line in lines), lines
    assert all(line.startswith(f"{hub / 'hub-config' / 'tasks.json'}: ") for line in lines)


def test_equal_bounds_leave_one_value(tmp_path):
    document = changed(tasks(), f"{QUANTILE}.value.maximum", 0)

    (task, *_) = read_hub(write_hub(tmp_path, document)).rounds[0].model_tasks

    rule = task.output_types["quantile"].value
    assert (rule.minimum, rule.maximum) == (0, 0)


def test_several_mistakes_are_named_at_once(tmp_path):
    document = changed(tasks(), f"{SAMPLE}.min_samples_per_task", 5)
    document = changed(document, f"{QUANTILE}.is_required", GONE)

    with pytest.raises(HubError) as caught:
        read_hub(write_hub(tmp_path, document))

    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("name", GONE, "name: is missing"),
        ("file_format", [], "file_format: empty"),
        ("file_format", ["xlsx"], "file_format[0]: 'xlsx' is not among the choices"),
        ("timezone", 1, "timezone: 1 is not text"),
        ("model_output_dir", "../../mine", "not valid: expected a folder below the hub"),
        ("model_output_dir", "/etc", "not valid: expected a folder below the hub"),
        ("model_output_dir", "a" * 300, "not valid: expected a folder below the hub"),
        ("model_output_dir", "é" * 200, "not valid: expected a folder below the hub"),
        ("model_output_dir", "model\ud800", "not valid: expected a folder below the hub"),
    ],
)
def test_a_mistake_in_admin_json_is_named_with_file_and_key(tmp_path, key, value, says):
    with pytest.raises(HubError, match=r"admin\.json: ") as caught:
        read_hub(write_hub(tmp_path, tasks(), changed(ADMIN, key, value)))

    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "\xff", "[" * 100_000])
def test_what_is_no_json_cannot_be_read(tmp_path, text):
    hub = write_hub(tmp_path, tasks())
    (hub / "hub-config" / "tasks.json").write_bytes(text.encode("latin-1"))

    with pytest.raises(UnreadableError, match=r"tasks\.json: "):
        read_hub(hub)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[]", "a list"),
        ("1", "a number"),
        ("1.5", "a number"),
        ("null", "null"),
        ("true", "true or false"),
        ('"rounds"', "a text"),
    ],
)
def test_json_that_is_no_object_is_called_what_it_is(tmp_path, text, kind):
    hub = write_hub(tmp_path, tasks())
    (hub / "hub-config" / "tasks.json").write_text(text)

    with pytest.raises(HubError, match=f"the file: is {kind}; expected an object"):
        read_hub(hub)


def test_a_folder_without_a_hub_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(UnreadableError, match=r"there is no hub here; expected .*hub-config"):
        read_hub(tmp_path)
    with pytest.raises(UnreadableError, match="no such folder"):
        read_hub(tmp_path / "none")
