# Send mail when tasks fail, or when machines idle or run for too long.

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  type         = "email"
  display_name = "epyflow: ${each.value}"
  labels       = { email_address = each.value }
  user_labels  = local.labels

  depends_on = [google_project_service.enabled]
}

locals {
  channels = [for channel in google_monitoring_notification_channel.email : channel.id]
  machines = "resource.type=\"gce_instance\" AND metadata.user_labels.\"component\"=\"epyflow\""
}

# Batch has no metric of failures, so they are counted in its logs: what Snakemake prints on a worker
# when a rule fails, and errors of the agent, such as a machine that ran out of memory. Tasks that are
# tried again count too: one that fails for good has failed several times.
resource "google_logging_metric" "failed_tasks" {
  name        = "epyflow/failed_tasks"
  description = "Tasks of Batch jobs that ended with an error, by job"
  filter      = <<-EOT
    resource.type="batch.googleapis.com/Job"
    ((log_id("batch_task_logs") AND textPayload:"Error in rule ")
    OR (log_id("batch_agent_logs") AND severity>=ERROR))
  EOT

  label_extractors = { "job_uid" = "EXTRACT(labels.job_uid)" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"

    labels {
      key        = "job_uid"
      value_type = "STRING"
    }
  }

  depends_on = [google_project_service.enabled]
}

resource "google_monitoring_alert_policy" "failed_jobs" {
  display_name          = "epyflow: tasks of a job fail"
  combiner              = "OR"
  notification_channels = local.channels
  user_labels           = local.labels

  conditions {
    display_name = "A task of a Batch job ended with an error"

    condition_threshold {
      filter          = "resource.type=\"batch.googleapis.com/Job\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.failed_tasks.name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["metric.label.job_uid"]
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "A task failed. The coordinator tries it again and says what went wrong; its log is under `googlebatch-logs/` in the bucket. See docs/cloud.md, \"When something goes wrong\"."
  }
}

resource "google_monitoring_alert_policy" "stuck_jobs" {
  display_name          = "epyflow: a machine is stuck"
  combiner              = "OR"
  notification_channels = local.channels
  user_labels           = local.labels

  # A task uses its core from beginning to end. A machine that idles waits for something that does
  # not come, and costs the same.
  conditions {
    display_name = "A machine has done nothing for an hour"

    condition_threshold {
      filter          = "${local.machines} AND metric.type=\"compute.googleapis.com/instance/cpu/utilization\" AND metadata.user_labels.\"stage\"=\"run\""
      comparison      = "COMPARISON_LT"
      threshold_value = 0.05
      duration        = "3600s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_MEAN"
      }
    }
  }

  conditions {
    # A coordinator waits for tasks one after another, and has a time limit of its own.
    display_name = "A machine has been up for longer than any task may take"

    condition_threshold {
      filter          = "${local.machines} AND metric.type=\"compute.googleapis.com/instance/uptime_total\" AND metadata.user_labels.\"stage\"!=\"coordinator\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.stuck_hours * 3600
      duration        = "0s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "`gcloud batch jobs list` shows the jobs; the labels exp_id and run_id of the machine say whose it is. Interrupting the coordinator ends all of its tasks."
  }
}
