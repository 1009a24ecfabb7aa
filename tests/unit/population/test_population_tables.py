import numpy as np
import pytest

from epyflow.errors import PopulationError
from epyflow.population.store import PopulationStore

NEW_YORK = "United_States_New_York"


def test_the_figures_of_the_tables_are_returned_as_they_are(tables):
    population = PopulationStore.open(tables, remote=False).load("US-NY", ["0-17", "18+"])

    assert population.name == NEW_YORK
    assert population.location == "US-NY"
    assert population.age_groups == ("0-17", "18+")
    assert population.sizes.tolist() == [40, 60]
    assert population.sizes.dtype == np.int64
    assert list(population.contacts) == ["school", "home"]
    assert population.contacts["home"].tolist() == [[0.1, 3.0], [2.0, 0.3]]
    assert population.contacts["school"].tolist() == [[5.0, 6.0], [7.0, 8.0]]
    assert population.source == "tables population.csv and contacts.csv"


def test_wider_age_groups_are_aggregated(tables):
    population = PopulationStore.open(tables, remote=False).load("US-NY", ["0+"])

    assert population.sizes.tolist() == [100]
    # 40 persons meet 5 + 6, 60 meet 7 + 8.
    assert population.contacts["school"].tolist() == [[13.4]]


def test_narrower_age_groups_are_refused(tables):
    store = PopulationStore.open(tables, remote=False)

    with pytest.raises(PopulationError, match=r'"0-4" splits the data\'s age group "0-17"'):
        store.load("US-NY", ["0-4", "5-17", "18+"])


def test_a_change_to_one_loaded_population_leaves_the_next_one_alone(tables):
    store = PopulationStore.open(tables, remote=False)
    store.load("US-NY", ["0-17", "18+"]).contacts["home"][:] = 99
    store.load("US-NY", ["0-17", "18+"]).sizes[:] = 99

    population = store.load("US-NY", ["0-17", "18+"])

    assert population.contacts["home"].max() == 3.0
    assert population.sizes.tolist() == [40, 60]


def test_every_population_is_read_from_both_files(tables):
    store = PopulationStore.open(tables, remote=False)

    assert store.names() == (NEW_YORK,)
    assert store.files("US-NY") == (tables / "population.csv", tables / "contacts.csv")
    assert store.fine("US-NY").sizes.tolist() == [40.0, 60.0]
    assert [group.label for group in store.fine("US-NY").age_groups] == ["0-17", "18+"]


def test_blank_lines_and_a_byte_order_mark_do_no_harm(tables):
    path = tables / "population.csv"
    path.write_text(path.read_text() + "\n\n", encoding="utf-8-sig")

    population = PopulationStore.open(tables, remote=False).load("US-NY", ["0-17", "18+"])

    assert population.sizes.tolist() == [40, 60]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("population.csv", "0-17,40", "0-17,-40", r'population.csv, line 2: persons is "-40"; exp'),
        ("population.csv", "0-17,40", "0-17,4.5", r'line 2: persons is "4.5"; expected a whole nu'),
        ("population.csv", "18+,60", "18+,many", r'line 3: persons is "many"; expected a whole'),
        ("population.csv", "18+,60", "18+,nan", r'line 3: persons is "nan"'),
        ("population.csv", "18+,60", "18+,inf", r'line 3: persons is "inf"'),
        ("population.csv", "18+,60", "18+", r"line 3: 2 values; expected 3: population,age_group"),
        ("population.csv", "18+,60", "0-17,60", r"line 3: United_States_New_York, 0-17 occurs t"),
        ("population.csv", "18+,60", "19+,60", r'New_York: age group "19\+" begins at 19'),
        ("population.csv", ",persons", ",people", r'line 1: columns are "population,age_group,peo'),
        ("population.csv", NEW_YORK, "../x", r'line 2: "../x" cannot be a population'),
        ("contacts.csv", "18+,0.3", "18+,-1", r'contacts.csv, line 5: contacts_per_day is "-1"'),
        ("contacts.csv", "18+,0.3", "18+,", r'line 5: contacts_per_day is ""; expected a number'),
        ("contacts.csv", "0-17,18+,3", "0-5,18+,3", r'line 3: age_group "0-5"; expected one of 0'),
        ("contacts.csv", "0-17,18+,3", "0-17,5,3", r'line 3: contact_age_group "5"; expected one'),
        ("contacts.csv", "home,0-17,18+", "home,0-17,0-17", r"line 3: .*home, 0-17, 0-17 occurs"),
        ("contacts.csv", f"{NEW_YORK},home,0-17,18+,3\n", "", r"home: there is no row for the con"),
        ("contacts.csv", f"{NEW_YORK},home,0-17,18+,3", "Nowhere,home,0-17,18+,3", r'"Nowhere" is'),
        ("contacts.csv", "home", "overall", r'line 2: layer "overall"; .* reserved'),
        ("contacts.csv", "layer", "place", r"line 1: columns are"),
    ],
)
def test_a_damaged_table_is_refused_naming_file_and_line(tables, file, old, new, message):
    path = tables / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))

    with pytest.raises(PopulationError, match=message) as error:
        PopulationStore.open(tables, remote=False).load(NEW_YORK, ["0-17", "18+"])

    assert str(tables) in str(error.value)


def name_locations(tables, *locations):
    """Add the column ``locations`` to the two rows of New York."""
    path = tables / "population.csv"
    lines = path.read_text().splitlines()
    cells = ["locations", *locations, *[""] * (len(lines) - 1 - len(locations))]
    path.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, cells, strict=True)) + "\n")
    return PopulationStore.open(tables, remote=False)


def test_a_population_is_found_by_the_locations_of_its_table(tables):
    store = name_locations(tables, "nyc; 94", "nyc; 94")

    assert store.find("nyc") == store.find("94") == store.find(NEW_YORK)
    assert store.find("nyc").name == NEW_YORK
    assert store.find("nyc").spellings[:3] == ("nyc", "94", "New York")
    assert store.load("nyc", ["0-17", "18+"]).sizes.tolist() == [40, 60]


def test_a_place_that_only_its_table_knows_has_the_locations_too(tables):
    for name in ("population.csv", "contacts.csv"):
        path = tables / name
        path.write_text(path.read_text().replace(NEW_YORK, "Big_Apple"))
    store = name_locations(tables, "nyc", "")

    assert store.find("nyc").spellings == ("nyc", "Big Apple", "Big_Apple", "Big-Apple")
    assert store.known()["Big_Apple"] == ("nyc",)


@pytest.mark.parametrize(
    ("locations", "message"),
    [
        (("nyc", "94"), r"line 3: locations of United_States_New_York are 94; expected nyc, as b"),
        (
            ("nyc", "nyc", "nyc"),
            r'line 4: location "nyc" of \S+ is a name of United_States_New_York',
        ),
        (
            (NEW_YORK, "", NEW_YORK),
            r'line 4: location "United_States_New_York" of \S+ is a name of',
        ),
    ],
)
def test_contradicting_locations_are_refused(tables, locations, message):
    for name, row in (("population.csv", "France,0+,5"), ("contacts.csv", "France,home,0+,0+,1")):
        path = tables / name
        path.write_text(f"{path.read_text().rstrip()}\n{row}\n")
    store = name_locations(tables, *locations)

    with pytest.raises(PopulationError, match=message):
        store.find("nyc")


def test_a_population_without_contacts_is_refused(tables):
    path = tables / "population.csv"
    path.write_text(path.read_text() + "France,0+,5\n")

    with pytest.raises(PopulationError, match=r"contacts.csv: no contacts of France"):
        PopulationStore.open(tables, remote=False).load("FR", ["0+"])


def test_an_age_group_without_persons_is_refused(tables):
    path = tables / "population.csv"
    path.write_text(path.read_text().replace("18+,60", "18+,0"))

    with pytest.raises(PopulationError, match=r'have no persons in age group "18\+"'):
        PopulationStore.open(tables, remote=False).load("US-NY", ["0-17", "18+"])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'population,"age', b"\x00"])
def test_a_file_that_is_no_table_is_refused(tables, content):
    (tables / "population.csv").write_bytes(content)

    with pytest.raises(PopulationError, match=r"population.csv.*expected population,age_group,per"):
        PopulationStore.open(tables, remote=False).names()
