#!/usr/bin/env bash
# Install epyflow and forecast-hub, without their dependencies, from the folder of the workflow.
set -euo pipefail
pip install --no-deps --quiet . ./packages/forecast-hub
