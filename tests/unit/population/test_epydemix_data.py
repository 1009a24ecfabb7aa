import time

import numpy as np
import pytest
from epydemix.population.population import load_epydemix_population

from epyflow.errors import PopulationError
from epyflow.population.locations import ALL_US
from epyflow.population.store import PopulationStore

LAYERS = ("school", "work", "home", "community")
SINGLE_YEARS = (*map(str, range(84)), "84+")
FIVE_YEARS = (*(f"{first}-{first + 4}" for first in range(0, 75, 5)), "75+")
FIVE_GROUPS = {
    "0-4": (0, 5),
    "5-17": (5, 18),
    "18-49": (18, 50),
    "50-64": (50, 65),
    "65+": (65, 85),
}
PREM_GROUPS = {"0-9": (0, 2), "10-24": (2, 5), "25-64": (5, 13), "65+": (13, 16)}


def mapping(groups, labels):
    return {name: list(labels[first:end]) for name, (first, end) in groups.items()}


def assert_same_bits(population, reference):
    assert population.sizes.tolist() == reference.Nk.tolist()
    assert list(population.age_groups) == list(reference.Nk_names)
    assert list(population.contacts) == list(reference.contact_matrices)
    for layer, matrix in population.contacts.items():
        assert matrix.dtype == np.float64
        assert (matrix == reference.contact_matrices[layer]).all()


def random_place(seed, count):
    rng = np.random.default_rng(seed)
    sizes = dict(zip(SINGLE_YEARS, rng.integers(1, 10**6, 85).tolist(), strict=True))
    return sizes, {layer: rng.gamma(0.3, 1.0, (count, count)) for layer in LAYERS}


def test_contacts_by_single_year_aggregate_to_the_bits_of_epydemix(tmp_path, add_place):
    add_place(tmp_path, "Testland", *random_place(1, 85))

    population = PopulationStore.open(tmp_path, remote=False).load("Testland", list(FIVE_GROUPS))

    groups = mapping(FIVE_GROUPS, SINGLE_YEARS)
    reference = load_epydemix_population(
        "Testland", path_to_data=str(tmp_path), age_group_mapping=groups
    )
    assert_same_bits(population, reference)


@pytest.mark.parametrize("source", ["prem_2017", "prem_2021", "litvinova_2025"])
def test_contacts_by_five_years_aggregate_to_the_bits_of_epydemix(tmp_path, add_place, source):
    add_place(tmp_path, "Testland", *random_place(2, 16), source)

    population = PopulationStore.open(tmp_path, remote=False).load("Testland", list(PREM_GROUPS))

    groups = mapping(PREM_GROUPS, FIVE_YEARS)
    reference = load_epydemix_population(
        "Testland", path_to_data=str(tmp_path), age_group_mapping=groups
    )
    assert_same_bits(population, reference)


@pytest.mark.shared
@pytest.mark.parametrize(
    "code", ["US", "US-MA", "US-NY", "US-WY", "US-DC", "US-HI", "US-GA", "US-NH"]
)
def test_real_populations_have_the_bits_of_epydemix(shared, code):
    folder = shared / "data/populations"

    population = PopulationStore.open(folder, remote=False).load(code, list(FIVE_GROUPS))

    groups = mapping(FIVE_GROUPS, SINGLE_YEARS)
    reference = load_epydemix_population(
        population.name, path_to_data=str(folder), age_group_mapping=groups
    )
    assert_same_bits(population, reference)


@pytest.mark.shared
def test_real_single_years_have_the_bits_of_epydemix(shared):
    folder = shared / "data/populations"

    population = PopulationStore.open(folder, remote=False).load("US-VT", SINGLE_YEARS)

    reference = load_epydemix_population(
        "United_States_Vermont",
        path_to_data=str(folder),
        age_group_mapping={label: [label] for label in SINGLE_YEARS},
    )
    assert_same_bits(population, reference)


def test_a_population_says_where_it_is_from_but_not_on_which_machine(tiny):
    population = PopulationStore.open(tiny, remote=False).load("Testland", ["0", "1+"])

    assert population.source == "epydemix-data: contacts mistry_2021; persons a census"
    assert population.location is None


def test_figures_are_aggregated_layer_by_layer(tiny):
    population = PopulationStore.open(tiny, remote=False).load("Testland", ["0-1", "2+"])

    assert population.sizes.tolist() == [40, 60]
    # Worked out in test_aggregate; each layer is a multiple of the first.
    assert population.contacts["school"].tolist() == [[7.5, 5.25], [15.0, 9.0]]
    assert population.contacts["community"].tolist() == [[30.0, 21.0], [60.0, 36.0]]


def test_five_year_contacts_keep_the_single_years_of_the_persons(tmp_path, add_place):
    sizes, matrices = random_place(3, 16)
    add_place(tmp_path, "Testland", sizes, matrices, "prem_2021")

    fine = PopulationStore.open(tmp_path, remote=False).fine("Testland")

    assert tuple(group.label for group in fine.age_groups) == SINGLE_YEARS
    assert fine.sizes.tolist() == list(sizes.values())


def test_five_year_contacts_cannot_be_cut_at_eighteen(tmp_path, add_place):
    add_place(tmp_path, "Testland", *random_place(4, 16), "prem_2021")
    store = PopulationStore.open(tmp_path, remote=False)

    with pytest.raises(PopulationError, match=r'"5-17" splits the data\'s age group "15-19"'):
        store.load("Testland", list(FIVE_GROUPS))


def test_the_files_of_a_population_are_the_list_the_persons_and_four_layers(tiny):
    files = PopulationStore.open(tiny, remote=False).files("Testland")

    contacts = "data/Testland/contact_matrices/mistry_2021/contacts_matrix"
    assert [file.relative_to(tiny).as_posix() for file in files] == [
        "locations.csv",
        "data/Testland/demographic/age_distribution.csv",
        *(f"{contacts}_{layer}.csv" for layer in LAYERS),
    ]
    assert all(file.is_file() for file in files)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,3\n4,5,6\n", r"home.csv: 2 rows of 3 numbers; expected 3 rows of 3 numbers"),
        ("1,2\n3,4\n5,6\n", r"3 rows of 2 numbers; expected 3 rows of 3"),
        ("1,2,3\n4,5\n7,8,9\n", r'line 2: value 3 is "nan"; expected a number from 0 to 1,000'),
        ("1,2,3\n4,5,6,7\n7,8,9\n", r"line 2, saw 4.*expected 3 rows of 3 numbers"),
        ("1,2,3\n4,x,6\n7,8,9\n", r'line 2: value 2 is "x"; expected a number from 0 to 1,000'),
        ("1,2,3\n4,1_0,6\n7,8,9\n", r'line 2: value 2 is "1_0"'),
        ("1,2,3\n4,5,6\n7,8,True\n", r'line 3: value 3 is "True"'),
        ("1,2,3\n4,5,6\n7,-8,9\n", r'line 3: value 2 is "-8"'),
        ("1,2,3\n4,inf,6\n7,8,9\n", r'line 2: value 2 is "inf"'),
        ("1,2,3\n4,,6\n7,8,9\n", r'line 2: value 2 is "nan"'),
        ("", r"home.csv: cannot be read .*expected 3 rows of 3 numbers"),
        ("\xff", r"home.csv: cannot be read .*expected 3 rows of 3 numbers"),
        ("1," * 20_001, r"home.csv: has more than 20,000 columns"),
        (None, r"home.csv: cannot be read .*No such file.*expected 3 rows of 3 numbers"),
    ],
)
def test_a_damaged_matrix_is_refused_naming_file_and_line(tiny, content, message):
    path = tiny / "data/Testland/contact_matrices/mistry_2021/contacts_matrix_home.csv"
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="latin-1")

    with pytest.raises(PopulationError, match=message):
        PopulationStore.open(tiny, remote=False).load("Testland", ["0", "1+"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("group_name,value\n0,1\n1,x\n2+,3\n", r'distribution.csv, line 3: value 1 is "x"'),
        ("group_name,value\n0,1\n1,-2\n2+,3\n", r'line 3: value 1 is "-2"'),
        ("group_name,value\n0,1\n1,\n2+,3\n", r'line 3: value 1 is ""'),
        ("group_name,value\n0,1\n2,2\n3+,3\n", r'distribution.csv: age group "2" begins at 2'),
        ("group_name,persons\n0,1\n", r"line 1: there is no column value; expected group_name, v"),
        ("", r"cannot be read .*expected the columns group_name and value"),
    ],
)
def test_damaged_persons_are_refused_naming_file_and_line(tiny, content, message):
    (tiny / "data/Testland/demographic/age_distribution.csv").write_text(content)

    with pytest.raises(PopulationError, match=message):
        PopulationStore.open(tiny, remote=False).load("Testland", ["0", "1+"])


def test_a_list_without_its_columns_is_refused(tiny):
    (tiny / "locations.csv").write_text("location\nTestland\n")

    with pytest.raises(PopulationError, match=r"csv, line 1: there is no column primary_contact_s"):
        PopulationStore.open(tiny, remote=False).names()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "no header"),
        (b"location,source\nA,b,c\n", "a row of 3 cells"),
        (b"\xff\xfe", "decode"),
        (b"a" * 1_000_001, "a row of more than 1,000,000 characters"),
    ],
)
def test_a_list_that_is_no_table_is_refused(tiny, content, what):
    (tiny / "locations.csv").write_bytes(content)

    with pytest.raises(PopulationError, match=rf"locations.csv: (cannot be read|has) .*{what}"):
        PopulationStore.open(tiny, remote=False).names()


@pytest.mark.parametrize("source", ["", "polymod", "../../.."])
def test_an_unknown_source_of_contacts_is_refused(tiny, source):
    (tiny / "locations.csv").write_text(f"location,primary_contact_source\nTestland,{source}\n")

    with pytest.raises(PopulationError, match=r"primary_contact_source of Testland is .*mistry_20"):
        PopulationStore.open(tiny, remote=False).load("Testland", ["0", "1+"])


def test_five_year_contacts_need_persons_in_single_or_five_years(tmp_path, add_place):
    matrix = np.ones((16, 16))
    sizes = {"0-6": 1, "7+": 1}
    add_place(tmp_path, "Testland", sizes, dict.fromkeys(LAYERS, matrix), "prem_2021")

    with pytest.raises(PopulationError, match=r'"0-4" splits .* "0-6".*prem_2021'):
        PopulationStore.open(tmp_path, remote=False).load("Testland", ["0+"])


def test_a_listed_path_is_not_a_population(tiny):
    with (tiny / "locations.csv").open("a") as file:
        file.write("../tiny/data/Testland,mistry_2021,x\n")
    store = PopulationStore.open(tiny, remote=False)

    assert store.names() == ("Testland",)
    with pytest.raises(PopulationError, match="there is no population"):
        store.load("../tiny/data/Testland", ["0", "1+"])


@pytest.mark.shared
def test_fifty_two_populations_load_within_seconds(shared):
    store = PopulationStore.open(shared / "data/populations", remote=False)
    start = time.perf_counter()

    populations = [store.load(str(place.iso), list(FIVE_GROUPS)) for place in ALL_US]

    # 0.7 s on two cores of a virtual machine; the bound leaves room for busy ones.
    assert time.perf_counter() - start < 10
    nation, *states = populations
    # The nation of epydemix-data has Puerto Rico in it: 3,205,691 persons in 2023, US Census.
    assert sum(state.sizes.sum() for state in states) + 3_205_691 == nation.sizes.sum()
