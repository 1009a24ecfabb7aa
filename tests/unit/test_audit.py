"""Test `make audit`: advisories, licences, secrets."""

import io
import json
import zipfile

import advisories
import licences
import pytest
import secret_search

LOCK = {
    "package": [
        {
            "name": "our-plugin",
            "version": "1",
            "source": {"editable": "."},
            "dependencies": [{"name": "a-b"}],
        },
        {
            "name": "a-b",
            "version": "1.10",
            "source": {"registry": "x"},
            "dependencies": [{"name": "c"}],
        },
        {"name": "c", "version": "2.0", "source": {"registry": "x"}},
    ]
}
ADMITTED = {"permissive": ["MIT"], "copyleft": ["GPL-3.0"], "mit_may_use": []}


def advisory(*events: dict[str, str], **more: object) -> dict[str, object]:
    package = {"ecosystem": "PyPI", "name": "A_B"}
    affected = {"package": package, "ranges": [{"type": "ECOSYSTEM", "events": list(events)}]}
    return {"id": "PYSEC-1", "aliases": ["CVE-1"], "summary": "bad", "affected": [affected]} | more


@pytest.mark.parametrize(
    ("events", "affected"),
    [
        ([{"introduced": "0"}], True),
        ([{"introduced": "0"}, {"fixed": "1.9"}], False),  # 1.10 comes after 1.9
        ([{"introduced": "0"}, {"fixed": "1.11"}], True),
        ([{"introduced": "0"}, {"fixed": "1.10"}], False),
        ([{"introduced": "0"}, {"last_affected": "1.10"}], True),
        ([{"introduced": "0"}, {"last_affected": "1.9"}], False),
        ([{"fixed": "1.12"}, {"introduced": "1.5"}, {"fixed": "1.2"}, {"introduced": "0"}], True),
        ([{"introduced": "2"}], False),
    ],
)
def test_a_locked_version_in_the_range_of_an_advisory_is_reported(events, affected):
    found = advisories.findings(LOCK, {"advisories": [advisory(*events)]}, {})

    assert found == (["a-b 1.10: PYSEC-1, CVE-1: bad"] if affected else [])


def test_an_advisory_that_the_project_has_judged_is_not_reported():
    copy = {"advisories": [advisory({"introduced": "0"})]}

    assert advisories.findings(LOCK, copy, {"CVE-1": "that function is not called"}) == []


def test_a_copy_holds_the_advisories_of_locked_packages_that_stand():
    export = io.BytesIO()
    with zipfile.ZipFile(export, "w") as archive:
        archive.writestr("1.json", json.dumps(advisory(details="long")))
        archive.writestr("2.json", json.dumps(advisory(id="PYSEC-2", withdrawn="2026-01-01")))

    kept = list(advisories.restricted(export.getvalue(), {"a-b"}))

    assert kept == [advisory()]
    assert list(advisories.restricted(export.getvalue(), {"c"})) == []


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([("a-b", "1.10", "MIT")], "docs/licences.md: no row for c 2.0; run make licences"),
        (
            [("a-b", "1.10", "MIT"), ("c", "2.0", "Odd")],
            "c 2.0: licence 'Odd' is not in [tool.licences]",
        ),
        (
            [("a-b", "1.10", "MIT"), ("c", "2.0", "GPL-3.0")],
            "our-plugin is under MIT but needs c: GPL-3.0",
        ),
        ([("a-b", "1.10", "MIT"), ("c", "2.0", "MIT")], None),
    ],
)
def test_each_locked_package_has_a_licence_that_is_admitted(rows, problem):
    page = "".join(f"| `{name}` | {version} | {licence} |\n" for name, version, licence in rows)

    assert licences.problems(LOCK, page, ADMITTED) == ([problem] if problem else [])


# In two parts each, so that this file has no finding.
@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("private key", "-----BEGIN RSA " + "PRIVATE KEY-----"),
        ("AWS key", "key = AKIA" + "ABCDEFGH234567AB"),
        ("Google API key", "AIza" + "x" * 35),
        ("Google OAuth secret", "GOCSPX-" + "x" * 28),
        ("GitHub token", "ghp_" + "x" * 36),
        ("GitLab token", "glpat-" + "x" * 20),
        ("PyPI token", "pypi-AgEIcHlwaS5vcmc" + "x" * 50),
        ("Slack token", "https://hooks.slack.com/services/" + "T12345678"),
        ("JSON web token", ".".join(["eyJ" + "x" * 15] * 2 + ["x" * 15])),
        ("password in an address", "https://me:" + "correct-horse@host"),
        ("assigned value", "API_KEY: " + "q8" * 10),
    ],
)
def test_a_secret_is_found_and_one_that_is_marked_as_harmless_is_not(kind, line):
    assert secret_search.kinds(line) == [kind]
    assert secret_search.kinds(f"{line}  # noqa: S105 - made up") == []
