"""Search the tracked files for secrets, or with --history all that was ever committed.

Exits with 1 and names place and kind of each finding, never the secret. The kinds are those of
gitleaks that have a form of their own, and random characters that are assigned to a name such as
password. A line that ends with ruff's mark for a harmless one, ``noqa: S105`` or ``S106`` and a
reason, is passed over.

Source: https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# For Python and PCRE; none begins with \b, so that a search for the first letters comes first.
FORMS = {
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "AWS key": r"(?:AKIA|ASIA)[A-Z2-7]{16}",
    "Google API key": r"AIza[\w-]{35}",
    "Google OAuth secret": r"GOCSPX-[\w-]{28}",
    "GitHub token": r"gh[opsur]_[A-Za-z0-9]{36}|github_pat_\w{82}",
    "GitLab token": r"glpat-[\w-]{20}",
    "PyPI token": r"pypi-AgEIcHlwaS5vcmc[\w-]{50}",
    "Slack token": r"xox[abeoprs]-[\w-]{10}|hooks\.slack\.com/services/T\w{8}",
    "JSON web token": r"eyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{15}",
    "password in an address": r"://[^\s:/@<>{}$%]+:[^\s:/@<>{}$%\"']{8,}@[\w.-]+",
    "assigned value": (
        r"(?i:passw(?:or)?d|secret|token|api_?key)[\"']?[ \t]*[:=][ \t]*[\"']?"
        r"(?=[\w+=-]*\d)[\w+=-]{20,}"
    ),
}
HARMLESS = re.compile(r"# noqa: S10[56] ")


def git(*arguments: str) -> str:
    """Return what git prints; a search that finds nothing prints nothing."""
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, errors="replace", check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"secret_search: {done.stderr.strip()}")
    return done.stdout


def kinds(line: str) -> list[str]:
    """Return the kinds of secrets in a line."""
    if HARMLESS.search(line):
        return []
    return [kind for kind, form in FORMS.items() if re.search(form, line)]


def in_files() -> Iterator[str]:
    """Yield file, line and kind of what the tracked files hold."""
    for found in git("grep", "-nIP", "-e", "|".join(FORMS.values())).splitlines():
        path, number, line = found.split(":", 2)
        yield from (f"{path}:{number}: {kind}" for kind in kinds(line))


def in_history() -> Iterator[str]:
    """Yield commit, file and kind of what any commit of any branch added."""
    commit = path = ""
    form = re.compile("|".join(FORMS.values()))
    for line in git("log", "--all", "-p", "-U0", "--no-color", "--no-renames").splitlines():
        if line.startswith("commit "):
            commit = line[7:19]
        elif line.startswith("+++ b/"):
            path = line[6:]
        elif line.startswith("+") and form.search(line):
            yield from (f"{commit} {path}: {kind}" for kind in kinds(line))


if __name__ == "__main__":
    searched, places = ("history", in_history) if "--history" in sys.argv else ("files", in_files)
    if hits := sorted(set(places())):
        sys.exit("\n".join([f"Secrets in {searched}:", *hits]))
    print(f"Secrets in {searched}: none found")
