# A separate network. Machines have no external address and accept no connections from outside:
# without a firewall rule, all incoming traffic is refused.

resource "google_compute_network" "runs" {
  # checkov:skip=CKV2_GCP_18:No rule is the strictest rule: what comes in is refused by default.
  name                    = "epyflow"
  auto_create_subnetworks = false

  depends_on = [google_project_service.enabled]
}

resource "google_compute_subnetwork" "runs" {
  # checkov:skip=CKV_GCP_76:The network has IPv4 addresses only, so there is no IPv6 access to make private.
  name          = "epyflow-${var.region}"
  network       = google_compute_network.runs.id
  region        = var.region
  ip_cidr_range = var.subnetwork_range
  # Batch, the bucket and the images are reached without leaving Google's network.
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    # A sample of a tenth shows where traffic goes; it does not count it.
    flow_sampling = 0.1
    metadata      = "INCLUDE_ALL_METADATA"
  }
}

# A NAT for coordinators that call a webhook. Tasks do not use it.
resource "google_compute_router" "out" {
  name    = "epyflow"
  network = google_compute_network.runs.id
  region  = var.region
}

resource "google_compute_router_nat" "out" {
  name                               = "epyflow"
  router                             = google_compute_router.out.name
  region                             = var.region
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.runs.id
    source_ip_ranges_to_nat = ["PRIMARY_IP_RANGE"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}
