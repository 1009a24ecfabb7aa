# The bucket of results: an existing one, or one created here.

data "google_storage_bucket" "existing" {
  count = var.create_bucket ? 0 : 1

  name = var.bucket
}

resource "google_storage_bucket" "results" {
  # checkov:skip=CKV_GCP_62:Access logs need a second bucket; audit logs of Cloud Storage tell the same.
  count = var.create_bucket ? 1 : 0

  name                        = var.bucket
  location                    = var.region
  labels                      = local.labels
  force_destroy               = false
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # Files that were overwritten or deleted by mistake can be restored for a month.
  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = 30
      with_state                 = "ARCHIVED"
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age            = var.log_days
      matches_prefix = ["${var.prefix}/googlebatch-logs/"]
    }
  }

  # Sources of Cloud Build, see cloudbuild.yaml.
  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age            = 7
      matches_prefix = ["${var.prefix}/build-sources/"]
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 7
    }
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_project_service.enabled]
}

locals {
  bucket = var.create_bucket ? google_storage_bucket.results[0].name : data.google_storage_bucket.existing[0].name
}
