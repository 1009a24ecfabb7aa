# The repository of worker images. Runs name images by digest, so a tag may move.
resource "google_artifact_registry_repository" "images" {
  # checkov:skip=CKV_GCP_84:Encrypted with Google's keys. The image has no secret and no data in it.
  repository_id = "epyflow"
  location      = var.region
  format        = "DOCKER"
  description   = "Images of epyflow's workers, and the cache of their builds"
  labels        = local.labels

  cleanup_policy_dry_run = false

  # Images of recent months are kept, so that their runs can be reproduced.
  cleanup_policies {
    id     = "delete-after-half-a-year"
    action = "DELETE"

    condition {
      tag_state  = "ANY"
      older_than = "15552000s"
    }
  }

  cleanup_policies {
    id     = "delete-untagged-after-a-month"
    action = "DELETE"

    condition {
      tag_state  = "UNTAGGED"
      older_than = "2592000s"
    }
  }

  # Takes precedence over the rules above.
  cleanup_policies {
    id     = "keep-the-last-ten"
    action = "KEEP"

    most_recent_versions {
      keep_count = 10
    }
  }

  depends_on = [google_project_service.enabled]
}
