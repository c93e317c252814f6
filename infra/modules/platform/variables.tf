variable "project_id" {
  description = "Project of the platform. It must exist and have billing."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Where the platform's keys are, and its data unless said otherwise, e.g. europe-west3. It cannot be changed later."
  type        = string
  nullable    = false
}

variable "database_location" {
  description = "Location of the database; null: as location. eur3 and nam5 outlive the loss of a region. It cannot be changed later."
  type        = string
  default     = null
}

variable "regions" {
  description = "Regions in which functions run. Events and schedules go to the first; the load balancer uses all."
  type        = list(string)
  nullable    = false
  validation {
    condition     = length(var.regions) > 0 && length(distinct(var.regions)) == length(var.regions)
    error_message = "Functions need at least one region, and each once."
  }
  validation {
    condition     = alltrue([for r in var.regions : can(regex("^[a-z]+-[a-z]+[0-9]+$", r))])
    error_message = "A region is written like europe-west3; functions run in regions, not in multi-regions."
  }
}

variable "scheduler_region" {
  description = "Region of Cloud Scheduler's jobs, where the first of regions has none; null: the first."
  type        = string
  default     = null
}

variable "domain" {
  description = "Host name of the API, e.g. strongroom.example.com. Point its A record at the output address; the certificate follows."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "The domain is a host name in lower case, without scheme and path."
  }
}

variable "audience" {
  description = "What the audience of every token begins with; /tenants/SLUG follows. Null: https://DOMAIN."
  type        = string
  default     = null
  validation {
    condition     = var.audience == null || can(regex("^https://[^/]+(/.*[^/])?$", var.audience))
    error_message = "The audience is an https URL without a slash at its end."
  }
}

variable "packages" {
  description = "Directory that scripts/package wrote: a zip for each function, and manifest.json."
  type        = string
  nullable    = false
  validation {
    condition     = fileexists("${var.packages}/manifest.json")
    error_message = "There is no manifest.json in the directory of packages. Run: go run ./scripts/package -out DIR"
  }
}

variable "runtime" {
  description = "Go runtime of the functions; null: the one the packages were made for."
  type        = string
  default     = null
}

variable "limits" {
  description = "By function, what differs from the module's limits: memory, cpu, concurrency, timeout_seconds, min_instances, max_instances (in each region)."
  type = map(object({
    memory          = optional(string)
    cpu             = optional(string)
    concurrency     = optional(number)
    timeout_seconds = optional(number)
    min_instances   = optional(number)
    max_instances   = optional(number)
  }))
  default  = {}
  nullable = false
}

variable "worker_pool" {
  description = "Private Cloud Build pool that builds the functions; null: Google's. Behind a service perimeter it must be private."
  type        = string
  default     = null
}

variable "admit_everybody" {
  description = "Let IAM pass everybody to the functions that authenticate callers themselves. False where an operator turns the invoker check off instead."
  type        = bool
  default     = true
  nullable    = false
}

variable "public_tag_value" {
  description = "tagValues/ID that the organisation's policy of restricted domains makes an exception for; null: it has none."
  type        = string
  default     = null
}

variable "staff" {
  description = "Issuers whose tokens name the platform's own staff, with rules that give the role platform. Empty: there is no staff."
  type        = any
  default     = []
  nullable    = false
}

variable "tenant_project_numbers" {
  description = "Numbers of the other projects in which tenants have buckets."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for n in var.tenant_project_numbers : can(regex("^[0-9]+$", n))])
    error_message = "A project number has digits only."
  }
}

variable "key_rotation_days" {
  description = "How often keys are rotated."
  type        = number
  default     = 90
  nullable    = false
  validation {
    condition     = var.key_rotation_days >= 1 && var.key_rotation_days <= 90
    error_message = "Keys are rotated at least every 90 days, and not more often than daily."
  }
}

variable "key_destroy_days" {
  description = "How long a key version that is to be destroyed can still be restored. It cannot be changed later."
  type        = number
  default     = 30
  nullable    = false
  validation {
    condition     = var.key_destroy_days >= 1 && var.key_destroy_days <= 120
    error_message = "Between 1 and 120 days: cloud.google.com/kms/docs/destroy-restore."
  }
}

variable "key_protection_level" {
  description = "SOFTWARE or HSM."
  type        = string
  default     = "SOFTWARE"
  nullable    = false
  validation {
    condition     = contains(["SOFTWARE", "HSM"], var.key_protection_level)
    error_message = "Keys are protected by SOFTWARE or HSM."
  }
}

variable "deletion_policy" {
  description = "PREVENT: Terraform refuses to delete keys, the database, topics and buckets. DELETE: it may."
  type        = string
  default     = "PREVENT"
  nullable    = false
  validation {
    condition     = contains(["PREVENT", "DELETE"], var.deletion_policy)
    error_message = "The policy is PREVENT or DELETE."
  }
}

variable "ttl_fields" {
  description = "By collection, the time field after which Firestore deletes its documents. No collection needs one yet."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "backup_days" {
  description = "How long daily backups of the database are kept. Weekly ones are kept for 14 weeks."
  type        = number
  default     = 7
  nullable    = false
  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 98
    error_message = "Backups are kept for 1 to 98 days: cloud.google.com/firestore/docs/backups."
  }
}

variable "data_access_logs" {
  description = "Services whose data access is logged by Google. Every document and object touched is a line: see what it costs."
  type        = set(string)
  default     = ["cloudkms", "firestore", "datastore", "storage", "iamcredentials"]
  nullable    = false
}

variable "log_retention_days" {
  description = "How long Google's audit logs are kept."
  type        = number
  default     = 400
  nullable    = false
  validation {
    condition     = var.log_retention_days >= 1 && var.log_retention_days <= 3650
    error_message = "Logs are kept for 1 to 3650 days."
  }
}

variable "lock_logs" {
  description = "Lock the bucket of audit logs: nobody can shorten its retention or delete it, ever."
  type        = bool
  default     = false
  nullable    = false
}

variable "notification_channels" {
  description = "Monitoring channels that alerts go to, projects/…/notificationChannels/…."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for c in var.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", c))])
    error_message = "A channel is written projects/PROJECT/notificationChannels/ID."
  }
}

variable "rate_limit" {
  description = "Requests from one address in so many seconds before Cloud Armor answers 429; null: no Cloud Armor."
  type        = object({ requests = number, seconds = optional(number, 60) })
  default     = null
  validation {
    condition     = var.rate_limit == null || contains([10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700, 3600], try(var.rate_limit.seconds, 60))
    error_message = "Cloud Armor counts over 10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700 or 3600 seconds."
  }
  validation {
    condition     = var.rate_limit == null || try(var.rate_limit.requests, 1) >= 1
    error_message = "At least one request must be allowed."
  }
}
