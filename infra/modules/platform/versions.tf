terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.33, < 8"
    }
    google-beta = { # only for google_project_service_identity
      source  = "hashicorp/google-beta"
      version = ">= 7.33, < 8"
    }
  }
}
