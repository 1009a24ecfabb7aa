"""The small study as a calibration."""

from tests.workflow.workspace import Workspace

CALIBRATION = """\
modelset:
  population_names: [US-MA, US-NY]
  calibration:
    strategy: {name: SMC, options: {num_particles: 8, num_generations: 2}}
    observed_data_path: common-data/observed.csv
    comparison:
      - observed_date_column: date
        observed_value_column: value
        simulation: [S_to_I_total]
    fitting_window: {start_date: "2025-01-11", end_date: "2025-02-08"}
    parameters:
      R0: {prior: {type: scipy, name: uniform, args: [1.2, 1.5]}}
    projection:
      n_trajectories: 5
      scenarios:
        - {id: as_now}
        - id: distancing
          interventions:
            - type: parameter
              target_parameter: R0
              scaling_factor: 0.5
              start_date: "2025-02-09"
              end_date: "2025-03-31"
"""


def observe(workspace: Workspace, *states: str) -> None:
    """Write five weeks of infections that grow, for each of the states."""
    weeks = ["2025-01-11", "2025-01-18", "2025-01-25", "2025-02-01", "2025-02-08"]
    lines = ["date,location,value"]
    lines += [f"{week},{state},{40 * n + 40}" for state in states for n, week in enumerate(weeks)]
    (workspace.study / "common-data" / "observed.csv").write_text("\n".join(lines) + "\n")


def calibrate(workspace: Workspace) -> None:
    """Turn the study into a calibration of R0 against a few weeks."""
    (workspace.config / "modelset.yaml").write_text(CALIBRATION)
    workspace.change(
        "basemodel", lambda y: y["model"]["parameters"].update(R0={"type": "calibrated"})
    )
    workspace.change("output", lambda y: y["output"].update(posteriors=True))
    observe(workspace, "MA", "NY")
