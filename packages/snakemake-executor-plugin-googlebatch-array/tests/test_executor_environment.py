import pytest

from snakemake_executor_plugin_googlebatch_array.environment import parse_secrets, variables_for

REFERENCE = "projects/p/secrets/s/versions/latest"


def test_values_are_passed_and_secrets_are_references():
    found = variables_for(
        {"PHASE": "nine", "API_TOKEN": "do-not-tell"}, {"PHASE"}, f"API_TOKEN={REFERENCE}", ""
    )

    assert found.plain == {"PHASE": "nine"}
    assert found.secret == {"API_TOKEN": REFERENCE}


@pytest.mark.parametrize(
    "name", ["API_TOKEN", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY", "MY_APIKEY", "my_secret"]
)
def test_what_looks_like_a_secret_is_refused_without_telling_it(name):
    with pytest.raises(ValueError, match=name) as caught:
        variables_for({name: "do-not-tell"}, {name}, "", "")

    assert "Secret Manager" in str(caught.value)
    assert "do-not-tell" not in str(caught.value)


@pytest.mark.parametrize("name", ["TOKENISER", "MONKEY", "PHASE", "KEY_FILE_FORMAT"])
def test_what_only_resembles_a_secret_is_not(name):
    assert variables_for({name: "x"}, {name}, "", "").plain == {name: "x"}


def test_a_name_can_be_declared_harmless():
    assert variables_for({"NO_TOKEN": "x"}, set(), "", "A, NO_TOKEN").plain == {"NO_TOKEN": "x"}


@pytest.mark.parametrize("text", ["A", "A=hunter2", "1A=" + REFERENCE, "A=projects/p/secrets/s"])
def test_a_malformed_reference_is_refused_without_telling_it(text):
    with pytest.raises(ValueError, match="Item 1") as caught:
        parse_secrets(text)

    assert "hunter2" not in str(caught.value)


def test_values_of_the_workflow_are_removed_from_texts_and_those_of_plugins_are_not():
    variables = variables_for({"PHASE": "phase-nine", "PROJECT": "my-project"}, {"PHASE"}, "", "")

    text = variables.redact("bad phase-nine in my-project")

    assert text == "bad *** in my-project"
