import os
import subprocess
import sys

import numpy as np
import pytest

from epyflow.errors import PopulationError
from epyflow.population.locations import ALL_US, Location, find, find_any, is_plausible_name

MASSACHUSETTS = Location("United_States_Massachusetts", "US-MA", "25", "MA", "Massachusetts")
UNITED_STATES = Location("United_States", "US", "US", "US", "United States")
DC = Location("United_States_District_of_Columbia", "US-DC", "11", "DC", "District of Columbia")
FRANCE = Location("France", "FR", None, None, "France")
PUERTO_RICO = Location("Puerto_Rico", "US-PR", "72", "PR", "Puerto Rico")


def test_all_us_is_the_nation_fifty_states_and_dc_in_fips_order():
    assert len(ALL_US) == 52
    assert ALL_US[0] == UNITED_STATES
    assert [place.fips for place in ALL_US[1:4]] == ["01", "02", "04"]
    assert [place.fips for place in ALL_US[1:]] == sorted(str(place.fips) for place in ALL_US[1:])
    assert DC in ALL_US
    assert PUERTO_RICO not in ALL_US


def test_dc_is_listed_once_where_the_us_library_counts_it_a_state():
    program = (
        "from epyflow.population.locations import ALL_US; print(len(set(ALL_US)), len(ALL_US))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "DC_STATEHOOD": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["52", "52"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("US-MA", MASSACHUSETTS),
        ("United_States_Massachusetts", MASSACHUSETTS),
        ("United_States__Massachusetts", MASSACHUSETTS),
        ("US", UNITED_STATES),
        ("United_States", UNITED_STATES),
        ("US-DC", DC),
        ("FR", FRANCE),
        ("France", FRANCE),
        ("PR", PUERTO_RICO),
        ("US-PR", PUERTO_RICO),
        ("Puerto_Rico", PUERTO_RICO),
    ],
)
def test_a_place_is_found_by_iso_code_and_by_store_name(text, place):
    assert find(text) == place


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("CA", "Canada"),
        ("US-CA", "United_States_California"),
        ("GE", "Georgia"),
        ("US-GA", "United_States_Georgia"),
        ("CI", "Cote_dIvoire"),
        ("CZ", "Czech_Republic"),
        ("CD", "Democratic_Republic_of_the_Congo"),
        ("CG", "Congo"),
        ("KR", "South_Korea"),
        ("KP", "North_Korea"),
        ("GW", "Guinea-Bissau"),
        ("ST", "Sao_Tome_and_Principe"),
        ("TR", "Turkey"),
        ("PS", "Palestine"),
        ("US-VI", "Virgin_Islands_US"),
    ],
)
def test_codes_give_the_names_that_epydemix_data_uses(code, name):
    assert find(code).name == name
    assert find(name) == find(code)


def test_no_two_places_share_a_name_and_no_code_is_lost():
    from epyflow.population import country_names, locations

    names = [place.name for place in (*ALL_US, *locations._territories(), *locations._countries())]

    assert len(set(names)) == len(names)
    assert set(country_names._STORE_NAMES) <= set(locations._by_iso())


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("us-ma", "did you mean US-MA?"),
        ("US-XX", "did you mean US-"),
        ("United_States_Masachusetts", "did you mean United_States_Massachusetts"),
        ("united_states_texas", "did you mean United_States_Texas?"),
        ("Massachusetts", "did you mean United_States_Massachusetts?"),
        ("New York", "did you mean United_States_New_York?"),
        ("New_York", "did you mean United_States_New_York?"),
        ("United States", "did you mean United_States?"),
        ("Turkiye", "expected an ISO 3166-2 code"),
        ("25", "expected an ISO 3166-2 code"),
        ("", "expected an ISO 3166-2 code"),
        ("../France", "expected an ISO 3166-2 code"),
    ],
)
def test_an_unknown_place_is_refused_with_the_nearest_names(text, suggestion):
    with pytest.raises(PopulationError, match="there is no population") as error:
        find(text)

    assert suggestion in str(error.value)


def test_a_name_only_the_store_knows_is_accepted_without_codes():
    place = find("Canada_Ontario", known=["Canada_Ontario", "France"])

    assert place == Location("Canada_Ontario", None, None, None, "Canada Ontario")
    assert find("Canada__Ontario", known=["Canada_Ontario"]) == place
    with pytest.raises(PopulationError, match="Canada_Ontari"):
        find("Canada_Ontari", known=["Canada_Ontario"])


def test_a_state_is_known_by_the_names_of_metrocast():
    for code, name in (
        ("US-NC", "north-carolina"),
        ("US-SC", "south-carolina"),
        ("US-ME", "maine"),
    ):
        assert name in [each.casefold() for each in find(code).spellings]


def test_a_table_named_by_an_iso_code_has_the_other_codes_of_the_place():
    place = find("US-MA", known=["US-MA"])

    assert place == Location("US-MA", "US-MA", "25", "MA", "Massachusetts")
    assert find("GB-SCT", known=["GB-SCT"]).spellings == ("GB-SCT",)


def test_the_store_s_own_name_wins_over_a_country_code():
    assert find("MA", known=["MA"]) == Location("MA", None, None, None, "MA")
    assert find("MA").name == "Morocco"


def test_a_path_is_never_a_name_even_if_the_store_lists_it():
    paths = ("../x", "a/b", ".hidden", "a..b", "a\\b", "/etc", "", "_x", "a\nb")
    for text in (*paths, "a" * 101, "\N{CJK UNIFIED IDEOGRAPH-4E00}" * 67):
        assert not is_plausible_name(text)
        with pytest.raises(PopulationError):
            find(text, known=[text])


@pytest.mark.parametrize(
    "name", ["Russia_St._Petersburg", "Cote_dIvoire", "KwaZulu-Natal", "Costa Rica", "Doña_Ana"]
)
def test_names_of_epydemix_data_are_plausible(name):
    assert is_plausible_name(name)


@pytest.mark.parametrize(
    "text", ["US-MA", "25", 25, np.int64(25), "MA", "Massachusetts", "United_States_Massachusetts"]
)
def test_data_columns_may_name_a_state_in_every_usual_way(text):
    assert find_any(text) == MASSACHUSETTS


@pytest.mark.parametrize("text", ["US", "United States", "United_States"])
def test_data_columns_name_the_nation(text):
    assert find_any(text) == UNITED_STATES


def test_a_fips_code_read_as_a_number_gets_its_zero_back_but_text_does_not():
    assert find_any(1).label == "Alabama"
    assert find_any("01").label == "Alabama"
    with pytest.raises(PopulationError, match=r"no location '1' \(did you mean 01\?"):
        find_any("1")


@pytest.mark.parametrize(
    "text",
    [
        "ma",
        " MA",
        "MA ",
        "massachusetts",
        "99",
        99,
        True,
        25.0,
        "",
        "France",
        "USA",
        "New_York",
        -1,
    ],
)
def test_a_location_written_otherwise_is_refused(text):
    with pytest.raises(PopulationError, match="there is no location"):
        find_any(text)


def test_a_wrong_case_is_refused_with_the_right_one():
    with pytest.raises(PopulationError, match=r"no location 'ma' \(did you mean MA\?"):
        find_any("ma")


def test_georgia_is_the_state_in_us_data_and_the_country_elsewhere():
    assert find_any("Georgia").iso == "US-GA"
    assert find_any("Georgia", country=None).iso == "GE"


def test_two_letters_are_a_state_in_us_data_and_a_country_elsewhere():
    assert find_any("DE").label == "Delaware"
    assert find_any("DE", country=None).label == "Germany"


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("US-MA", "US-MA"),
        ("Massachusetts", "US-MA"),
        ("FR", "FR"),
        ("South Korea", "KR"),
        ("Korea, Republic of", "KR"),
        ("Czech_Republic", "CZ"),
        ("Puerto Rico", "US-PR"),
        ("US", "US"),
        ("United States", "US"),
    ],
)
def test_world_data_name_places_by_iso_code_and_name(text, iso):
    assert find_any(text, country=None).iso == iso


def test_numbers_mean_nothing_outside_the_us():
    with pytest.raises(PopulationError, match="there is no location 25"):
        find_any(25, country=None)


def test_another_country_is_no_place_to_look_in():
    with pytest.raises(ValueError, match="'FR' is neither"):
        find_any("Paris", country="FR")


@pytest.mark.shared
def test_countries_and_us_states_of_epydemix_data_are_in_the_codebook(shared):
    lines = (shared / "data/populations/locations.csv").read_text().splitlines()[1:]
    names = [line.split(",")[0] for line in lines]
    # States and provinces elsewhere have no codes here.
    abroad = ("Australia_", "Canada_", "China_", "India_", "Japan_", "Russia_", "South_Africa_")
    coded = [name for name in names if not name.startswith(abroad)]

    assert len(names) == 461
    assert len(coded) == 238
    assert [name for name in coded if find(name).name != name] == []
    assert [name for name in coded if find(name).iso is None] == []


@pytest.mark.shared
def test_every_location_of_the_hub_is_found_by_each_of_its_names(shared):
    lines = (shared / "data/hub/locations_202425.csv").read_text().splitlines()[1:]
    rows = [line.split(",")[:3] for line in lines]

    assert len(rows) == 53
    for row in rows:
        assert {find_any(text).fips for text in row} == {row[1]}
