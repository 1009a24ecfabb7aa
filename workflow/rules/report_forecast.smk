"""Draw the forecast by itself: trajectories, and where it rises and falls.

INPUTS
    results/<exp_id>/<run_id>/outputs/quantiles_<kind>.csv.gz
    results/<exp_id>/<run_id>/outputs/quantiles_calibration.csv.gz
    results/<exp_id>/<run_id>/outputs/quantiles_projection_comparison.csv.gz

OUTPUTS
    results/<exp_id>/<run_id>/figures/fan_chart/<kind>/<population>.svg
    results/<exp_id>/<run_id>/figures/change_map.svg, .csv                   of projections for US states
"""


rule plot_fan_charts:
    """Draw the course of every selected series in each population."""
    input:
        quantiles="results/{exp_id}/{run_id}/outputs/quantiles_{kind}.csv.gz",
    output:
        figures=of_each_place(
            "results/{exp_id}/{run_id}/figures/fan_chart/{kind}/{population}.svg",
            category="2. Forecast",
            subcategory="Each location",
            caption="../report/fan_chart.rst",
            figure="Course of {kind}",
        ),
    log:
        "logs/{exp_id}/{run_id}/plot_fan_charts/{kind}.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/plot_fan_charts/{kind}.tsv"
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations", "labels"),
        code=code_version("figures"),
    message:
        "Drawing {wildcards.kind}"
    script:
        "../scripts/plot_fan_charts.py"


rule plot_change_map:
    """Map where the projection rises and where it falls."""
    input:
        calibration="results/{exp_id}/{run_id}/outputs/quantiles_calibration.csv.gz",
        projection="results/{exp_id}/{run_id}/outputs/quantiles_projection_comparison.csv.gz",
    output:
        figure=report(
            "results/{exp_id}/{run_id}/figures/change_map.svg",
            category="2. Forecast",
            subcategory="All locations",
            caption="../report/change_map.rst",
            labels={"figure": "Change of the median, a map"},
        ),
        numbers=report(
            "results/{exp_id}/{run_id}/figures/change_map.csv",
            category="2. Forecast",
            subcategory="All locations",
            caption="../report/change_map_numbers.rst",
            labels={"figure": "Change of the median, a table"},
        ),
    log:
        "logs/{exp_id}/{run_id}/plot_change_map.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/plot_change_map.tsv"
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations"),
        code=code_version("figures"),
    message:
        "Mapping the projected change"
    script:
        "../scripts/plot_change_map.py"
