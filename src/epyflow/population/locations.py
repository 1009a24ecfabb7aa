"""Look up locations by name in the population store, ISO, FIPS or postal code."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from numbers import Integral

import pycountry
import us

from epyflow.errors import PopulationError
from epyflow.files import LONGEST_NAME
from epyflow.population.country_names import iso_names, store_name
from epyflow.suggest import did_you_mean

PLAUSIBLE_NAME = r"[^\W_](?:[\w' -]|\.(?!\.))*"
"""Pattern of the names of populations."""


@dataclass(frozen=True)
class Location:
    """A location.

    Attributes
    ----------
    name
        The population store's name, such as ``United_States_Massachusetts``.
    iso
        ISO 3166-2 or 3166-1 alpha-2 code, such as ``US-MA`` or ``FR``; None where the codebook
        has none.
    fips
        Two digits of the Federal Information Processing Standard, such as ``25``; ``US`` for the
        United States, as CDC's hubs write it; None elsewhere.
    postal
        Abbreviation of the US Postal Service, such as ``MA``; ``US`` for the United States; None
        elsewhere.
    label
        Its common name, such as ``Massachusetts``.
    given
        Further names in data files and hubs, which the population data list.
    """

    name: str
    iso: str | None
    fips: str | None
    postal: str | None
    label: str
    given: tuple[str, ...] = ()

    @property
    def spellings(self) -> tuple[str, ...]:
        """Return the names of the location in data files and hubs, each once.

        MetroCast writes ``north-carolina`` (reichlab/flu-metrocast, hub-config/tasks.json).
        """
        hyphenated = self.label.replace(" ", "-")
        names = (*self.given, self.label, self.iso, self.fips, self.postal, self.name, hyphenated)
        return tuple(dict.fromkeys(name for name in names if name is not None))


def canonical_name(name: str) -> str:
    """Return a store name with single underscores.

    epydemix-data separates country, state and county by two underscores since its version 1.2
    (``United_States__Massachusetts``) and by one before; both name the same place.
    """
    return name.replace("__", "_")


def is_plausible_name(name: str) -> bool:
    """Return whether ``name`` can name a population: it is not a path or a hidden file."""
    matches = len(name) <= LONGEST_NAME and re.fullmatch(PLAUSIBLE_NAME, name) is not None
    return matches and len(name.encode()) <= 2 * LONGEST_NAME


def _united_states() -> tuple[Location, ...]:
    """Return the nation, then its states and DC by FIPS code."""
    nation = Location("United_States", "US", "US", "US", "United States")
    # us.STATES holds DC too where the environment variable DC_STATEHOOD is set.
    states = {state.abbr: state for state in [*us.states.STATES, us.states.DC]}
    places = [
        Location(
            name=f"United_States_{state.name.replace(' ', '_')}",
            iso=f"US-{abbr}",
            fips=str(state.fips),
            postal=abbr,
            label=str(state.name),
        )
        for abbr, state in states.items()
    ]
    return (nation, *sorted(places, key=lambda place: str(place.fips)))


ALL_US: tuple[Location, ...] = _united_states()
"""The United States, its 50 states and DC, in the order of FIPS codes; no territories."""


@cache
def _territories() -> tuple[Location, ...]:
    return tuple(
        Location(
            name=store_name(territory.abbr),
            iso=f"US-{territory.abbr}",
            fips=str(territory.fips),
            postal=str(territory.abbr),
            label=str(territory.name),
        )
        for territory in us.states.TERRITORIES
    )


@cache
def _countries() -> tuple[Location, ...]:
    """Return every country of ISO 3166-1 except the United States and its territories."""
    at_home = {"US", *(place.postal for place in _territories())}
    return tuple(
        Location(
            name=store_name(country.alpha_2),
            iso=country.alpha_2,
            fips=None,
            postal=None,
            label=iso_names(country.alpha_2)[-1],
        )
        for country in sorted(pycountry.countries, key=lambda country: str(country.alpha_2))
        if country.alpha_2 not in at_home
    )


@cache
def _by_name() -> dict[str, Location]:
    return {place.name: place for place in (*ALL_US, *_territories(), *_countries())}


@cache
def _by_iso() -> dict[str, Location]:
    """Return places by ISO code; a territory has two (``PR`` and ``US-PR``)."""
    codes = {place.iso: place for place in _by_name().values() if place.iso is not None}
    return codes | {str(place.postal): place for place in _territories()}


@cache
def _by_us_key() -> dict[str, Location]:
    """Return the US places by every key that data files use."""
    return {
        key: place
        for place in (*ALL_US, *_territories())
        for key in (place.iso, place.fips, place.postal, place.label, place.name)
        if key is not None
    }


@cache
def us_names() -> dict[str, str]:
    """Return the store's name of each US place by all its names, in lower case."""
    return {
        each.casefold(): place.name
        for place in (*ALL_US, *_territories())
        for each in place.spellings
    }


@cache
def names_by_spelling() -> dict[str, tuple[str, ...]]:
    """Return the store's names of the places that a spelling has, in lower case: two of ``ca``."""
    names: dict[str, tuple[str, ...]] = {}
    for place in _by_name().values():
        for text in dict.fromkeys(each.casefold() for each in place.spellings):
            names[text] = (*names.get(text, ()), place.name)
    return names


@cache
def _by_world_key() -> dict[str, Location]:
    """Return all places by ISO code and name; a country wins over a state of the same name."""
    keys = {place.label: place for place in (*ALL_US, *_territories())} | dict(_by_name())
    for place in (*_territories(), *_countries()):
        names = iso_names((place.iso or "").removeprefix("US-"))
        keys |= dict.fromkeys((*names, place.label), place)
    return keys | _by_iso()


def find(code_or_name: str, known: Collection[str] = ()) -> Location:
    """Look up a place by its ISO code or its name in the population store.

    Two letters are always an ISO 3166-1 country: ``CA`` is Canada, ``US-CA`` California. A name
    may be written with one or two underscores between country and state, as the versions of
    epydemix-data do. Nothing else may differ; upper and lower case matter.

    Parameters
    ----------
    code_or_name
        ISO 3166-2 code of a US state (``US-MA``), ISO 3166-1 alpha-2 code (``FR``), or a store
        name (``United_States_Massachusetts``).
    known
        Names that the population store holds. One that the codebook does not know is accepted
        only if it is among them; its ISO code is then None. If the store calls a place by its ISO
        3166-2 code, that is its ``name``, and the other codes are the codebook's. A mapping gives
        further names of each, by which it is found, too.

    Raises
    ------
    PopulationError
        If there is no such place. The message offers the nearest names.
    """
    further = known if isinstance(known, Mapping) else {}
    named = (name for name, others in further.items() if code_or_name in others)
    name = canonical_name(next(named, code_or_name))
    if name in _by_name():
        return replace(_by_name()[name], given=tuple(further.get(name, ())))
    if is_plausible_name(code_or_name):
        for spelling in (code_or_name, name):
            if spelling in known:
                return replace(_named(spelling), given=tuple(further.get(spelling, ())))
    if code_or_name in _by_iso():
        return _by_iso()[code_or_name]
    several = "; several are written as a list, [US-MA, US-NY]" if "," in code_or_name else ""
    raise PopulationError(
        f'there is no population "{code_or_name[:60]}"{_suggest(code_or_name, known)}{several}'
        "; expected an ISO 3166-2 code (US-MA), an ISO 3166-1 alpha-2 code (US, FR), or the "
        "name of the place in the population data (United_States_Massachusetts)"
    )


def _named(spelling: str) -> Location:
    """Return the location of a name of the store; two letters may mean a state or a country."""
    if "-" in spelling and spelling in _by_iso():
        return replace(_by_iso()[spelling], name=spelling)
    return Location(spelling, None, None, None, spelling.replace("_", " "))


def find_any(text: str | int, country: str | None = "US") -> Location:
    """Look up a place as the location column of a data file names it.

    Parameters
    ----------
    text
        With ``country="US"``: ISO code (``US-NY``), FIPS code (``36``), postal abbreviation
        (``NY``), full name (``New York``) or store name of the United States, a state, DC or a
        territory. Text is taken as it is written: ``1`` is not ``01``. A whole number is a FIPS
        code that lost its zero when the file was read.
    country
        ``US`` to look among the places of the United States only, where ``Georgia`` is the state
        and ``DE`` is Delaware; None to look among all places by ISO code and name, where
        ``Georgia`` is the country and ``DE`` is Germany.

    Raises
    ------
    PopulationError
        If there is no such place. The message offers the nearest names.
    ValueError
        If ``country`` is neither ``US`` nor None.
    """
    if country not in ("US", None):
        raise ValueError(f"country {country!r} is neither 'US' nor None")
    keys = _by_us_key() if country == "US" else _by_world_key()
    is_number = isinstance(text, Integral) and not isinstance(text, bool)
    key = f"{text:02d}" if is_number and country == "US" else text
    if isinstance(key, str) and key in keys:
        return keys[key]
    accepted = (
        "an ISO code (US-NY), a FIPS code of two digits (36), a postal abbreviation (NY) or a "
        "full name (New York) of the United States, one of its states or its territories"
        if country == "US"
        else "an ISO code (FR, US-NY) or a full name (France)"
    )
    raise PopulationError(
        f"there is no location {text!r}{_nearest_key(str(text), keys)}; expected {accepted}"
    )


def _nearest_key(text: str, keys: Iterable[str]) -> str:
    """Suggest the key itself where only case, surrounding spaces or a leading zero are wrong."""
    near = {text.strip().casefold(), text.strip().zfill(2)}
    same = [key for key in keys if key.casefold() in near]
    return f" (did you mean {same[0]}?)" if same else did_you_mean(text, keys)


def _suggest(text: str, known: Collection[str]) -> str:
    """Suggest names of the store and the codebook, and ISO codes."""
    labels = {place.label: place.name for place in (*_by_name().values(), *ALL_US)}
    label = text.replace("_", " ")
    if label in labels:
        return f" (did you mean {labels[label]}?)"
    return _nearest_key(text, [*known, *_by_name(), *_by_iso()])
