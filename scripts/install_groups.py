"""Install dependency groups of pyproject.toml beside .venv and print the folder: NAME..."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.plugins import install_groups

print(install_groups(*sys.argv[1:]))
