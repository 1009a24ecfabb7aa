# Settings that differ between projects. Copy terraform.tfvars.example to terraform.tfvars.

variable "project" {
  description = "Id of the project that pays. It has to exist, with billing enabled."
  type        = string
}

variable "region" {
  description = "Region of the machines, the images and the bucket."
  type        = string
  default     = "us-central1"
}

variable "environment" {
  description = "A label on everything that costs money, such as dev or prod."
  type        = string
  default     = "dev"

  validation {
    condition     = can(regex("^[a-z0-9_-]{1,63}$", var.environment))
    error_message = "A label has at most 63 small letters, digits, '_' and '-'."
  }
}

variable "bucket" {
  description = "Name of the bucket of results."
  type        = string
}

variable "create_bucket" {
  description = "Whether the bucket is made here. False: it exists, and its rules are left alone."
  type        = bool
  default     = false
}

variable "prefix" {
  description = "Folder in the bucket. Tasks and coordinators can read and write nothing outside; tasks nothing in folders coordinator/ and build-sources/ in it."
  type        = string
  default     = "epyflow"

  validation {
    condition     = can(regex("^[^/[:space:]'\"]+(/[^/[:space:]'\"]+)*$", var.prefix))
    error_message = "A folder such as epyflow or teams/flu, without a slash at either end."
  }
}

variable "log_days" {
  description = "Days after which what tasks printed is deleted, from a bucket that is made here."
  type        = number
  default     = 90
}

variable "operators" {
  description = "Members who may start runs, such as user:ada@example.org or group:flu@example.org."
  type        = set(string)
  default     = []
}

variable "notify_topic" {
  description = "Name of a Pub/Sub topic that is notified when a submitted run ends. Empty: no topic is made."
  type        = string
  default     = ""
}

variable "notify_webhook" {
  description = "Whether to make a secret for the address of a webhook that is notified in the same way."
  type        = bool
  default     = false
}

variable "alert_emails" {
  description = "Addresses that alerts and the budget are sent to."
  type        = set(string)
  default     = []
}

variable "stuck_hours" {
  description = "Hours after which a machine of a run counts as stuck: above any time limit in profiles/gcp."
  type        = number
  default     = 12
}

variable "billing_account" {
  description = "Id of the billing account, XXXXXX-XXXXXX-XXXXXX. Empty: no budget is made."
  type        = string
  default     = ""
}

variable "monthly_budget" {
  description = "What a month may cost, in whole units of the billing account's currency. A budget warns; it stops nothing."
  type        = number
  default     = 200
}

variable "subnetwork_range" {
  description = "Addresses of the machines. A /20 is enough for 4,000 of them."
  type        = string
  default     = "10.10.0.0/20"
}
