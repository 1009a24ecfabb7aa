"""Name countries as ISO 3166-1 and the population store do."""

import re
import unicodedata
from types import MappingProxyType

import pycountry

# Names of countries in epydemix-data that differ from pycountry's ``name``.
# Source: epydemix-data, locations.csv.
_STORE_NAMES = MappingProxyType(
    {
        "BN": "Brunei",
        "BO": "Bolivia",
        "CD": "Democratic_Republic_of_the_Congo",
        "CZ": "Czech_Republic",
        "IR": "Iran",
        "KP": "North_Korea",
        "KR": "South_Korea",
        "LA": "Laos",
        "MD": "Moldova",
        "PS": "Palestine",
        "RU": "Russia",
        "SY": "Syrian_Arab_Republic",
        "TR": "Turkey",
        "TW": "Taiwan",
        "TZ": "Tanzania",
        "VE": "Venezuela",
        "VN": "Vietnam",
    }
)


def iso_names(alpha_2: str) -> tuple[str, ...]:
    """Return the name of a country in ISO 3166-1, and its common name if that differs."""
    country = pycountry.countries.get(alpha_2=alpha_2)
    if country is None:
        raise KeyError(alpha_2)
    return tuple(dict.fromkeys((country.name, getattr(country, "common_name", country.name))))


def store_name(alpha_2: str) -> str:
    """Return the name of a country in the population store."""
    if alpha_2 in _STORE_NAMES:
        return _STORE_NAMES[alpha_2]
    name = unicodedata.normalize("NFKD", iso_names(alpha_2)[0])
    return re.sub(r"[^A-Za-z0-9 -]", "", name).replace(" ", "_")
