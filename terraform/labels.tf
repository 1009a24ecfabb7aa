# The labels that profiles/gcp puts on jobs and machines, so that costs and charts add up.
# `managed-by` tells what terraform made from what runs made.
locals {
  labels = {
    component   = "epyflow"
    environment = var.environment
    managed-by  = "terraform"
  }
}
