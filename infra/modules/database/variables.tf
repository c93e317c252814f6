variable "project_id" {
  description = "Project of the database."
  type        = string
  nullable    = false
}

variable "name" {
  description = "ID of the database: (default), or 4 to 63 lowercase letters, digits and hyphens."
  type        = string
  nullable    = false
  validation {
    condition     = var.name == "(default)" || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.name))
    error_message = "A database ID has 4 to 63 lowercase letters, digits and hyphens, begins with a letter and does not end with a hyphen."
  }
}

variable "location" {
  description = "Location of the database: a region, eur3 or nam5. It cannot be changed later."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^(eur3|nam5|[a-z]+-[a-z]+[0-9]{1,2})$", var.location))
    error_message = "Firestore is in regions like europe-west3, in eur3 and in nam5. Other multi-regions, such as eur4, are only for buckets: set the location of the database."
  }
}

variable "kms_key" {
  description = "Key that encrypts the database. Firestore's service agent must be able to use it. It cannot be changed later."
  type        = string
  nullable    = false
}

variable "deletion_policy" {
  description = "PREVENT: Terraform refuses to delete the database. DELETE: Terraform may delete it."
  type        = string
  default     = "PREVENT"
  nullable    = false
  validation {
    condition     = contains(["PREVENT", "DELETE"], var.deletion_policy)
    error_message = "The deletion policy must be PREVENT or DELETE."
  }
}

variable "ttl_fields" {
  description = "Time field after which Firestore deletes a document, by collection."
  type        = map(string)
  nullable    = false
}

variable "backup_days" {
  description = "Days for which daily backups of the database are kept. Weekly backups are kept for 14 weeks."
  type        = number
  default     = 7
  nullable    = false
}
