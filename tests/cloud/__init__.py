"""Runs on doubles of clouds and clusters, whose packages the environment of the tests lacks."""

import sys

from install_groups import install_groups

PLUGINS = install_groups("s3", "other-clouds", "doubles")
# For this process alone: what it starts finds them where a test says so.
sys.path.append(str(PLUGINS))
