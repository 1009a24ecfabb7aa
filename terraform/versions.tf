# Checked against the schema of google 6.50.0; `terraform init` writes the exact version and its
# hashes to .terraform.lock.hcl, which belongs into git once you have run it.
terraform {
  required_version = ">= 1.5"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
  # The API of budgets asks which project pays for the request.
  user_project_override = true
  billing_project       = var.project
}
