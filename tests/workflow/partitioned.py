"""A study whose trajectories are a table with a file for each population."""

from tests.workflow.workspace import TABLES, Workspace

TABLE = "outputs/trajectories_compartments.parquet"
KEPT, REMOVED = "United_States_Massachusetts.parquet", "United_States_New_York.parquet"


def run_partitioned(workspace: Workspace) -> None:
    """Run the study, with trajectories as Parquet, and then remove New York from it."""
    output = {"trajectories": {"compartments": ["I_total"]}, "tabular_output_types": ["Parquet"]}
    workspace.change("output", lambda y: y.update(output=output))
    done = workspace.run(*TABLES)
    assert done.code == 0, done.text
    workspace.change("modelset", lambda y: y["modelset"].update(population_names=["US-MA"]))
