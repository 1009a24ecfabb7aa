#!/usr/bin/env bash
# Install epyflow, without its dependencies, from the folder that the workflow runs in.
set -euo pipefail
pip install --no-deps --quiet .
