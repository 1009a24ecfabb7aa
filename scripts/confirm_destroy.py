#!/usr/bin/env python3
"""Wait, and ask for the name of the project whose infrastructure `make tf-destroy` deletes."""

import argparse
import json
import subprocess
import sys
import time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--pause", type=float, default=5.0, help="seconds in which Ctrl-C ends it")
parser.add_argument("terraform", nargs="+", help="the command, such as terraform -chdir=terraform")


def project_of(terraform: list[str]) -> str:
    """Return the project in terraform's state: that is what would be deleted."""
    command = [*terraform, "output", "-json", "site"]
    try:
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        return str(json.loads(done.stdout)["project"])
    except FileNotFoundError:
        sys.exit(f"confirm_destroy: {terraform[0]} is not installed")
    except (subprocess.CalledProcessError, ValueError, KeyError, TypeError):
        sys.exit(
            "confirm_destroy: terraform's state does not name a project: run make tf-init, or "
            "nothing has been applied"
        )


def main() -> None:
    """Exit with 0 only if the name of the project was typed."""
    options = parser.parse_args()
    project = project_of(options.terraform)
    print(f"This deletes what terraform made in {project}. Ctrl-C ends it.", flush=True)
    try:
        time.sleep(options.pause)
        typed = input("Type the name of the project to continue: ")
    except (EOFError, KeyboardInterrupt):
        typed = ""
    if typed.strip() != project:
        sys.exit(f"\nconfirm_destroy: that is not {project}; nothing was deleted")


if __name__ == "__main__":
    main()
