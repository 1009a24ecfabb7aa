"""Populations: who lives where, in which age groups, and who meets whom."""

from epyflow.population.age_groups import (
    AgeGroup,
    aggregation,
    overlap_shares,
    parse_age_group,
    parse_age_groups,
    parse_interval,
)
from epyflow.population.aggregate import LAYERS, FineGroups
from epyflow.population.locations import ALL_US, Location, find, find_any
from epyflow.population.store import PopulationStore

__all__ = [
    "ALL_US",
    "LAYERS",
    "AgeGroup",
    "FineGroups",
    "Location",
    "PopulationStore",
    "aggregation",
    "find",
    "find_any",
    "overlap_shares",
    "parse_age_group",
    "parse_age_groups",
    "parse_interval",
]
