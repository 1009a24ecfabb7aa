# The token for private repositories of experiments. Its value is added by a person and is never in
# terraform's state:
#
#   gcloud secrets versions add github-pat --data-file=-
resource "google_secret_manager_secret" "github_pat" {
  secret_id = "github-pat"
  labels    = local.labels

  replication {
    auto {}
  }

  depends_on = [google_project_service.enabled]
}
