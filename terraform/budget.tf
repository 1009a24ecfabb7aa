# The budget warns; it does not stop runs. It counts resources with the label component=epyflow:
# machines and their disks, the bucket, the images. Traffic and log volume have no labels.
data "google_project" "paying" {
  project_id = var.project
}

resource "google_billing_budget" "month" {
  count = var.billing_account == "" ? 0 : 1

  billing_account = var.billing_account
  display_name    = "epyflow ${var.environment}"

  budget_filter {
    projects = ["projects/${data.google_project.paying.number}"]
    labels   = { component = "epyflow" }
  }

  amount {
    specified_amount {
      units = tostring(var.monthly_budget)
    }
  }

  threshold_rules {
    threshold_percent = 0.5
  }

  threshold_rules {
    threshold_percent = 0.9
  }

  threshold_rules {
    threshold_percent = 1.0
  }

  # The forecast of the month's cost.
  threshold_rules {
    threshold_percent = 1.2
    spend_basis       = "FORECASTED_SPEND"
  }

  all_updates_rule {
    monitoring_notification_channels = local.channels
    disable_default_iam_recipients   = false
  }

  depends_on = [google_project_service.enabled]
}
