import numpy as np

from epyflow.engine.layout import MEDIATED, SCHEDULED, SPONTANEOUS, STAYING, layout
from epyflow.model.compartmental import CompartmentalModel, Flow


def model(compartments, *flows):
    values = np.zeros((2, 1))
    return CompartmentalModel(
        compartments=tuple(compartments),
        age_groups=("0+",),
        sizes=np.array([10]),
        dates=np.array(["2024-10-01", "2024-10-02"], dtype="datetime64[ns]"),
        delta_t=1.0,
        flows=tuple(
            Flow(source, target, kind, values, **more) for source, target, kind, more in flows
        ),
        matrices=np.ones((1, 1, 1)),
        matrix_index=np.zeros(2, dtype=np.int64),
        initial=np.zeros((len(compartments), 1), dtype=np.int64),
        parameters={},
    )


SIRV = model(
    "SIRV",
    ("I", "R", "spontaneous", {}),
    ("S", "V", "scheduled", {"eligible": ("S", "R", "R")}),
    ("S", "I", "mediated", {"mediator": "I"}),
    ("V", "I", "mediated", {"mediator": "R"}),
    ("S", "I", "mediated", {"mediator": "R"}),
)


def test_flows_are_sorted_by_source_and_target_and_else_keep_their_order():
    # S to I by I, S to I by R, S to V, I to R, V to I.
    assert layout(SIRV).order == (2, 4, 1, 0, 3)


def test_each_flow_names_its_kind_and_whom_it_refers_to():
    tables = layout(SIRV).tables

    assert tables.mediators.tolist() == [1, 2]  # I, R
    assert tables.eligible.tolist() == [[1, 0, 2, 0]]  # S once, R twice
    assert tables.flows.tolist() == [
        [MEDIATED, 0],
        [MEDIATED, 1],
        [SCHEDULED, 0],
        [SPONTANEOUS, 0],
        [MEDIATED, 1],
    ]


def test_the_outcomes_of_a_compartment_are_sorted_and_include_staying():
    tables = layout(SIRV).tables

    # Compartment, column of the transition (I_to_R, S_to_V, S_to_I, V_to_I), its flows.
    assert tables.outcomes.tolist() == [
        [0, STAYING, 0, 0],
        [1, 2, 0, 2],
        [3, 1, 2, 3],
        [1, STAYING, 0, 0],
        [2, 0, 3, 4],
        [1, 3, 4, 5],
        [3, STAYING, 0, 0],
    ]
    assert tables.sources.tolist() == [[0, 0, 3], [1, 3, 5], [3, 5, 7]]


def test_without_a_list_the_source_alone_is_eligible():
    tables = layout(model("SV", ("S", "V", "scheduled", {}))).tables

    assert tables.eligible.tolist() == [[1, 0]]


def test_two_flows_of_one_name_share_a_column():
    # "A_to_B" to "C" and "A" to "B_to_C" have the same name, so epydemix adds them up.
    tables = layout(
        model(
            ("A", "A_to_B", "B_to_C", "C"),
            ("A_to_B", "C", "spontaneous", {}),
            ("A", "B_to_C", "spontaneous", {}),
        )
    ).tables

    columns = [column for _, column, *_ in tables.outcomes.tolist()]
    assert columns == [STAYING, 0, STAYING, 0]


def test_a_model_without_flows_has_empty_tables_of_the_same_widths():
    tables = layout(model("SI")).tables

    assert [table.shape for table in tables] == [(0, 2), (0, 4), (0, 3), (0,), (0, 2)]


def test_models_of_one_structure_share_a_layout_that_nobody_can_write_to():
    one, other = (
        layout(model("SV", ("S", "V", "scheduled", {}))),
        layout(model("SV", ("S", "V", "scheduled", {}))),
    )

    assert one is other
    assert not any(table.flags.writeable for table in one.tables)
