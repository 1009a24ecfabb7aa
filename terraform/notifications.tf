# Notify when a submitted run ends: docs/detached.md. Optional.

resource "google_pubsub_topic" "runs" {
  # checkov:skip=CKV_GCP_83:Messages name runs and failures for a week at most; Google's own key protects them.
  count = var.notify_topic == "" ? 0 : 1

  name   = var.notify_topic
  labels = local.labels

  depends_on = [google_project_service.enabled]
}

resource "google_pubsub_topic_iam_member" "publisher" {
  count = var.notify_topic == "" ? 0 : 1

  topic  = google_pubsub_topic.runs[0].name
  role   = "roles/pubsub.publisher"
  member = local.coordinator
}

# The address of a webhook is a secret: whoever knows it can post there. Its value is added by a
# person and is never in terraform's state:
#
#   gcloud secrets versions add run-webhook --data-file=-
resource "google_secret_manager_secret" "webhook" {
  count = var.notify_webhook ? 1 : 0

  secret_id = "run-webhook"
  labels    = local.labels

  replication {
    auto {}
  }

  depends_on = [google_project_service.enabled]
}

resource "google_secret_manager_secret_iam_member" "webhook" {
  count = var.notify_webhook ? 1 : 0

  secret_id = google_secret_manager_secret.webhook[0].id
  role      = "roles/secretmanager.secretAccessor"
  member    = local.coordinator
}
