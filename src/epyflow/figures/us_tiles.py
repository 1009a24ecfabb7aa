"""Place each state of the United States on a map of equal squares.

Every state, however small, has room for a number. The layout is
that of National Public Radio (D. DeBelius, "Let's tesselate: hexagons for tile grid maps", NPR
Visuals, 2015), with a square for the whole country.
"""

from collections.abc import Mapping
from types import MappingProxyType

_ROWS = (
    "AK US __ __ __ __ __ __ __ __ ME",
    "__ __ __ __ __ __ __ __ __ VT NH",
    "WA ID MT ND MN IL WI MI NY RI MA",
    "OR NV WY SD IA IN OH PA NJ CT __",
    "CA UT CO NE MO KY WV VA MD DE __",
    "__ AZ NM KS AR TN NC SC DC __ __",
    "__ __ __ OK LA MS AL GA __ __ __",
    "HI __ __ TX __ __ __ __ FL __ PR",
)

TILES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        postal: (row, column)
        for row, line in enumerate(_ROWS)
        for column, postal in enumerate(line.split())
        if postal != "__"
    }
)
"""Postal abbreviation to row, from the north, and column, from the west."""


def tile_of(location: str | None) -> str | None:
    """Return the tile of an ISO code: ``MA`` for ``US-MA``, ``US`` for ``US``, None elsewhere."""
    if location is None:
        return None
    postal = location.removeprefix("US-")
    inside = location == "US" or location.startswith("US-")
    return postal if inside and postal in TILES else None
