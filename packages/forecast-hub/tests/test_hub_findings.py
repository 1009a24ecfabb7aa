"""Many findings are summarised."""

from dataclasses import replace
from types import SimpleNamespace

from forecast_hub.checks.file_form import check_columns
from forecast_hub.findings import Finding, cap_findings

ONE = Finding("valid_vals", "region is 'east'", rows=(3,))


def test_eleven_findings_are_all_shown():
    findings = [replace(ONE, rows=(number,)) for number in range(11)]

    assert cap_findings(findings) == findings


def test_of_more_findings_the_eleventh_names_the_check_and_the_rows_of_all_others():
    eleventh = replace(ONE, rows=(90, 12), check="derived_task_id_vals")
    others = [replace(ONE, rows=(12, 40)), replace(ONE, rows=(7,))]

    *first, more = cap_findings([*[ONE] * 10, eleventh, *others])

    assert first == [ONE] * 10
    assert more == Finding(
        "derived_task_id_vals", "and 3 more findings like the above", rows=(7, 12, 40, 90)
    )


def test_of_many_wrong_columns_the_first_are_named():
    names = [f"c{number}" for number in range(1000)]
    file = SimpleNamespace(columns=(*names, *names, "value"), frame=[1])

    findings = check_columns(file, SimpleNamespace(columns=("value",)))

    assert len(findings) == 22
    assert findings[10].message == findings[21].message == "and 990 more findings like the above"
