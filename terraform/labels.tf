# The labels that profiles/gcp puts on jobs and machines, so that costs and charts add up.
# `managed-by` distinguishes resources of terraform from those of runs.
locals {
  labels = {
    component   = "epyflow"
    environment = var.environment
    managed-by  = "terraform"
  }
}
