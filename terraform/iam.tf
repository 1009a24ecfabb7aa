# Roles of three accounts, each with the permissions that its work needs, and of the people who
# start runs.
#
#   tasks        runs tasks: reads inputs and writes results; cannot start anything, read secrets, or
#                reach files that another account runs
#   coordinator  starts and follows tasks; says when a run ends
#   build        builds images; cannot read results

resource "google_service_account" "tasks" {
  account_id   = "epyflow-tasks"
  display_name = "epyflow: tasks"

  depends_on = [google_project_service.enabled]
}

resource "google_service_account" "coordinator" {
  account_id   = "epyflow-coordinator"
  display_name = "epyflow: coordinators in the cloud"

  depends_on = [google_project_service.enabled]
}

resource "google_service_account" "build" {
  account_id   = "epyflow-build"
  display_name = "epyflow: image builds"

  depends_on = [google_project_service.enabled]
}

locals {
  tasks       = google_service_account.tasks.member
  coordinator = google_service_account.coordinator.member
  build       = google_service_account.build.member

  # A coordinator in the cloud is itself a job of Batch.
  on_machines = { tasks = local.tasks, coordinator = local.coordinator }
  # The coordinator is a person's laptop, or an account in the cloud: both do the same.
  coordinating = merge(
    { coordinator = local.coordinator },
    { for member in var.operators : member => member },
  )
  # They bill requests to the bucket to the project, which wants serviceUsageConsumer.
  using_bucket = merge(local.on_machines, local.coordinating)

  folder = "projects/_/buckets/${local.bucket}/objects/${var.prefix}/"
  # What the coordinator and image builds run: the state and the sources of coordinators, and the
  # sources of images. A task that could write them would act as these accounts. See SECURITY.md.
  # The folders may be at any depth, since each experiment may have a prefix of its own.
  open_to_tasks = "resource.name.extract(\"/coordinator/{rest}\") == \"\" && resource.name.extract(\"/build-sources/{rest}\") == \"\""
}

# --- Machines of Batch -----------------------------------------------------------------------------

resource "google_project_iam_member" "agent_reporter" {
  for_each = local.on_machines

  project = var.project
  role    = "roles/batch.agentReporter"
  member  = each.value
}

resource "google_project_iam_member" "log_writer" {
  for_each = merge(local.on_machines, { build = local.build })

  project = var.project
  role    = "roles/logging.logWriter"
  member  = each.value
}

resource "google_artifact_registry_repository_iam_member" "reader" {
  for_each = local.on_machines

  repository = google_artifact_registry_repository.images.name
  location   = google_artifact_registry_repository.images.location
  role       = "roles/artifactregistry.reader"
  member     = each.value
}

# --- The bucket -----------------------------------------------------------------------------------

# Objects below the prefix, and no others. Names are listed by asking the bucket, which a condition
# on the names of objects would refuse: so names, and only names, of other objects can be seen.
resource "google_storage_bucket_iam_member" "results" {
  for_each = local.coordinating

  bucket = local.bucket
  role   = "roles/storage.objectAdmin"
  member = each.value

  condition {
    title       = "below-${replace(var.prefix, "/", "-")}"
    description = "Objects below ${var.prefix}/, and the list of names"
    expression  = "resource.name == \"projects/_/buckets/${local.bucket}\" || resource.name.startsWith(\"${local.folder}\")"
  }
}

resource "google_storage_bucket_iam_member" "task_results" {
  bucket = local.bucket
  role   = "roles/storage.objectAdmin"
  member = local.tasks

  condition {
    title       = "results-below-${replace(var.prefix, "/", "-")}"
    description = "Objects below ${var.prefix}/ but those that other accounts run, and the list of names"
    expression  = "resource.name == \"projects/_/buckets/${local.bucket}\" || (resource.name.startsWith(\"${local.folder}\") && ${local.open_to_tasks})"
  }
}

resource "google_storage_bucket_iam_member" "build_sources" {
  bucket = local.bucket
  role   = "roles/storage.objectViewer"
  member = local.build

  condition {
    title       = "build-sources"
    description = "The sources of a build, and nothing of a run"
    expression  = "resource.name.startsWith(\"${local.folder}build-sources/\")"
  }
}

resource "google_project_iam_member" "service_usage" {
  for_each = local.using_bucket

  project = var.project
  role    = "roles/serviceusage.serviceUsageConsumer"
  member  = each.value
}

# --- Coordinators ---------------------------------------------------------------------------------

resource "google_project_iam_member" "jobs_editor" {
  for_each = local.coordinating

  project = var.project
  role    = "roles/batch.jobsEditor"
  member  = each.value
}

# Jobs run as the tasks' account, so whoever starts them has to be allowed to act as it. The role is
# granted on this account, not on the project, which would mean all accounts.
resource "google_service_account_iam_member" "acts_as_tasks" {
  for_each = local.coordinating

  service_account_id = google_service_account.tasks.name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}

# The last lines of a failed task are shown with its error.
resource "google_project_iam_member" "log_viewer" {
  for_each = local.coordinating

  project = var.project
  role    = "roles/logging.viewer"
  member  = each.value
}

# Whoever starts a run fetches its experiments; a coordinator in the cloud gets them packed.
resource "google_secret_manager_secret_iam_member" "token" {
  for_each = merge({ build = local.build }, { for member in var.operators : member => member })

  secret_id = google_secret_manager_secret.github_pat.id
  role      = "roles/secretmanager.secretAccessor"
  member    = each.value
}

# --- People ---------------------------------------------------------------------------------------

# Starting a coordinator in the cloud.
resource "google_service_account_iam_member" "acts_as_coordinator" {
  for_each = var.operators

  service_account_id = google_service_account.coordinator.name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}

# make image-push
resource "google_artifact_registry_repository_iam_member" "writer" {
  for_each = merge({ build = local.build }, { for member in var.operators : member => member })

  repository = google_artifact_registry_repository.images.name
  location   = google_artifact_registry_repository.images.location
  role       = "roles/artifactregistry.writer"
  member     = each.value
}

# make image-cloud
resource "google_project_iam_member" "build_editor" {
  # checkov:skip=CKV_GCP_49:A build runs as an account that its submitter may act as, here `build` alone.
  for_each = var.operators

  project = var.project
  role    = "roles/cloudbuild.builds.editor"
  member  = each.value
}

resource "google_service_account_iam_member" "acts_as_build" {
  for_each = var.operators

  service_account_id = google_service_account.build.name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}

# The dashboards.
resource "google_project_iam_member" "monitoring_viewer" {
  for_each = var.operators

  project = var.project
  role    = "roles/monitoring.viewer"
  member  = each.value
}
