"""Draw fit and projection beside what was observed, of each location and of all on one sheet.

INPUTS
    results/<exp_id>/<run_id>/outputs/quantiles_calibration.csv.gz
    results/<exp_id>/<run_id>/outputs/quantiles_projection_comparison.csv.gz
    the data that the calibration is fitted to, their later vintages, and target_data, where the
    person who starts the run has them

OUTPUTS
    results/<exp_id>/<run_id>/builder-artifacts/observed.csv                 as then known, and since
    results/<exp_id>/<run_id>/figures/fit/<population>.svg
    results/<exp_id>/<run_id>/figures/forecast_grid.png
    results/<exp_id>/<run_id>/figures/quantiles_grid_sidebyside.pdf          the same on pages, with recent weeks
"""


rule gather_observations:
    """Gather what was observed of what is fitted, as the run knew it and since, where data are."""
    output:
        observed="results/{exp_id}/{run_id}/builder-artifacts/observed.csv",
    log:
        "logs/{exp_id}/{run_id}/gather_observations.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    params:
        # A later vintage draws figures anew, and runs no task.
        observed=PLAN.runs[0].observed,
        code=code_version("observed"),
    message:
        "Gathering what was observed for {wildcards.exp_id}"
    script:
        "../scripts/gather_observations.py"


rule plot_fits:
    """Draw the fit and the projection of each population against its observations."""
    input:
        calibration="results/{exp_id}/{run_id}/outputs/quantiles_calibration.csv.gz",
        projection="results/{exp_id}/{run_id}/outputs/quantiles_projection_comparison.csv.gz",
        observed="results/{exp_id}/{run_id}/builder-artifacts/observed.csv",
    output:
        figures=of_each_place(
            "results/{exp_id}/{run_id}/figures/fit/{population}.svg",
            category="2. Forecast",
            subcategory="Each location",
            caption="../report/fit.rst",
            figure="Fit and projection",
        ),
    log:
        "logs/{exp_id}/{run_id}/plot_fits.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/plot_fits.tsv"
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations", "labels"),
        code=code_version("figures"),
    message:
        "Drawing fits and projections"
    script:
        "../scripts/plot_fits.py"


rule plot_forecast_grid:
    """Draw the fit and the projection of all populations on one sheet."""
    input:
        calibration="results/{exp_id}/{run_id}/outputs/quantiles_calibration.csv.gz",
        projection="results/{exp_id}/{run_id}/outputs/quantiles_projection_comparison.csv.gz",
        observed="results/{exp_id}/{run_id}/builder-artifacts/observed.csv",
    output:
        figure=report(
            "results/{exp_id}/{run_id}/figures/forecast_grid.png",
            category="2. Forecast",
            subcategory="All locations",
            caption="../report/forecast_grid.rst",
            labels={"figure": "Fit and projection of all"},
        ),
        pages="results/{exp_id}/{run_id}/figures/quantiles_grid_sidebyside.pdf",
    log:
        "logs/{exp_id}/{run_id}/plot_forecast_grid.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/plot_forecast_grid.tsv"
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations", "labels"),
        code=code_version("figures"),
    message:
        "Drawing all forecasts on one sheet"
    script:
        "../scripts/plot_forecast_grid.py"
