# Four dashboards: CPU, memory and number of machines, by the labels that profiles/gcp puts on them.
# The stages are values of the label `stage`, joined by "|".
locals {
  dashboards = {
    build   = { title = "epyflow: build", stages = "build" }
    run     = { title = "epyflow: run", stages = "run" }
    tables  = { title = "epyflow: tables, hub and figures", stages = "tables" }
    overall = { title = "epyflow: overall", stages = ".*" }
  }
}

resource "google_monitoring_dashboard" "stage" {
  for_each = local.dashboards

  dashboard_json = templatefile("${path.module}/dashboards/stage.json.tftpl", each.value)

  depends_on = [google_project_service.enabled]
}
