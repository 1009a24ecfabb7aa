# The state lies in a bucket of its own, which terraform cannot make for itself and which is not the
# bucket of results: whoever writes results need not read the state. It is named when you begin:
#
#   terraform init -backend-config=bucket=my-project-terraform
terraform {
  backend "gcs" {
    prefix = "epyflow"
  }
}
