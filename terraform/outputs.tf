# Values that profiles/gcp needs:
#
#   terraform output -json | epyflow cloud configure -

output "site" {
  description = "Keys of profiles/gcp/site.yaml, but for the image, which `make image-push` adds."
  value = {
    project                     = var.project
    region                      = var.region
    storage                     = "gs://${local.bucket}/${var.prefix}"
    service_account             = google_service_account.tasks.email
    coordinator_service_account = google_service_account.coordinator.email
    network                     = google_compute_network.runs.id
    subnetwork                  = google_compute_subnetwork.runs.id
    environment                 = var.environment
    # Null, and omitted from the file, unless they are enabled.
    notify_topic          = one(google_pubsub_topic.runs[*].id)
    notify_webhook_secret = one(google_secret_manager_secret.webhook[*].id)
  }
}

output "image_repository" {
  description = "Where `make image-push` and `make image-cloud` put images."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}

output "coordinator_service_account" {
  description = "The account of a coordinator in the cloud."
  value       = google_service_account.coordinator.email
}

output "build_service_account" {
  description = "The account that Cloud Build builds images as."
  value       = google_service_account.build.id
}

output "token_secret" {
  description = "For EPYFLOW_GIT_TOKEN_SECRET, once the secret has a version."
  value       = google_secret_manager_secret.github_pat.id
}
