variable "project_id" {
  description = "Project of the platform. It must exist and have billing."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Location of the platform's keys, and default location of its data, such as europe-west3. It cannot be changed later."
  type        = string
  nullable    = false
}

variable "database_location" {
  description = "Location of the database; null: the value of location. eur3 and nam5 survive the loss of a region. It cannot be changed later."
  type        = string
  default     = null
}

variable "regions" {
  description = "Regions in which functions run. Events and schedules go to the first; the load balancer uses all. To fail over, change the order."
  type        = list(string)
  nullable    = false
  validation {
    condition     = length(var.regions) > 0 && length(distinct(var.regions)) == length(var.regions)
    error_message = "List at least one region, and each only once."
  }
  validation {
    condition     = alltrue([for r in var.regions : can(regex("^[a-z]+-[a-z]+[0-9]+$", r))])
    error_message = "Write a region like europe-west3. Functions run in regions, not in multi-regions."
  }
}

variable "keep_traffic" {
  description = "Leave the requests with the revisions that have them, while scripts/rollout deploys a version."
  type        = bool
  default     = false
  nullable    = false
}

variable "model" {
  description = "The platform's own language model at Vertex AI, the destination shared; null: none exists. abuse_logging_exempt and cache_disabled state settings of its project, which are part of the text that tenants agree to."
  type = object({
    project_id           = string
    location             = string
    name                 = string
    abuse_logging_exempt = optional(bool, false)
    cache_disabled       = optional(bool, false)
  })
  default = null
  validation {
    condition     = var.model == null || can(regex("^(us|eu|[a-z]+-[a-z]+[0-9]{1,2})$", try(var.model.location, "")))
    error_message = "The location of a model is a region like europe-west3, or eu or us. The global endpoint has no location, so it is not allowed."
  }
  validation {
    condition     = var.model == null || (can(regex("^[a-z][a-z0-9.-]{0,62}[a-z0-9]$", try(var.model.name, ""))) && !strcontains(try(var.model.name, ""), "latest"))
    error_message = "Name the exact model, such as gemini-3.5-flash. An alias such as gemini-flash-latest changes what people have agreed to."
  }
}

variable "console" {
  description = "Secrets of the console in Secret Manager, in the platform's project: the one that seals its cookies, and the sign-in settings by name, each a JSON file as in functions/console/doc.go; null: nobody can sign in to the console."
  type = object({
    cookie_key_secret = string
    sign_in_secrets   = optional(map(string), {})
  })
  default = null
  validation {
    condition     = alltrue([for name in keys(try(var.console.sign_in_secrets, {})) : can(regex("^[a-z0-9-]{1,63}$", name))])
    error_message = "The name of sign-in settings is a tenant's ID, or platform: 1 to 63 characters from a-z, 0-9 and hyphen."
  }
}

variable "home_region" {
  description = "Region of Google's audit logs; null: the first of regions in alphabetical order. It must be one in which functions run, and it cannot be changed later. Set it before you add a region that precedes it."
  type        = string
  default     = null
  validation {
    condition     = var.home_region == null || contains(var.regions, coalesce(var.home_region, "-"))
    error_message = "home_region must be one of regions."
  }
}

variable "scheduler_regions" {
  description = "Region of the Cloud Scheduler jobs for a region that has no Cloud Scheduler, by region."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "domain" {
  description = "Host name of the API, such as strongroom.example.com. Point its A record to the output address; the certificate is then issued."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "Write the domain as a lowercase host name, without scheme and path."
  }
}

variable "audience" {
  description = "Start of every token's audience; /tenants/SLUG follows. Null: https://DOMAIN."
  type        = string
  default     = null
  validation {
    condition     = var.audience == null || can(regex("^https://[^/]+(/.*[^/])?$", var.audience))
    error_message = "Write the audience as an https URL without a slash at the end."
  }
}

variable "packages" {
  description = "Directory that scripts/package wrote to: a zip file for each function, and manifest.json."
  type        = string
  nullable    = false
  validation {
    condition     = fileexists("${var.packages}/manifest.json")
    error_message = "The directory has no manifest.json. Run: go run ./scripts/package -out DIR"
  }
}

variable "runtime" {
  description = "Go runtime of the functions; null: the runtime in the manifest."
  type        = string
  default     = null
}

variable "ready" {
  description = "Values that exist once the project's organization policies do. No service is enabled before them, so that none creates what a policy forbids, such as a default network."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "default_limits" {
  description = "Limits of every function that differ from suite.json, as in limits. A function for which suite.json has fewer instances keeps those."
  type = object({
    memory          = optional(string)
    cpu             = optional(string)
    concurrency     = optional(number)
    timeout_seconds = optional(number)
    min_instances   = optional(number)
    max_instances   = optional(number)
  })
  default  = {}
  nullable = false
}

variable "limits" {
  description = "Limits that differ from suite.json and default_limits, by function: memory, cpu, concurrency, timeout_seconds, min_instances, max_instances (in each region)."
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

variable "worker_pools" {
  description = "Private Cloud Build pool that builds the functions, by region. A region that is missing uses Google's pool. A service perimeter requires private pools."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "subnetworks" {
  description = "Subnetwork through which all requests of the functions leave, by region; null: none. A service perimeter requires it."
  type        = map(string)
  default     = null
}

variable "admit_everybody" {
  description = "Grant roles/run.invoker to allUsers on the functions that authenticate callers themselves. Set false if an operator turns the invoker check off instead."
  type        = bool
  default     = true
  nullable    = false
}

variable "public_tag" {
  description = "Tag value, { value = \"tagValues/ID\" }, that the organization's domain restriction policy exempts; null: none. An object, because a plan must know whether there is one before the tag exists."
  type        = object({ value = string })
  default     = null
}

variable "staff" {
  description = "Issuers of the platform staff's tokens, with rules that grant the role platform. Empty: there is no staff."
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
    error_message = "A project number has only digits."
  }
}

variable "key_rotation_days" {
  description = "Rotation period of the keys, in days."
  type        = number
  default     = 90
  nullable    = false
  validation {
    condition     = var.key_rotation_days >= 1 && var.key_rotation_days <= 90
    error_message = "The rotation period must be 1 to 90 days."
  }
}

variable "key_destroy_days" {
  description = "Days during which a key version that is scheduled for destruction can be restored. It cannot be changed later."
  type        = number
  default     = 30
  nullable    = false
  validation {
    condition     = var.key_destroy_days >= 1 && var.key_destroy_days <= 120
    error_message = "It must be 1 to 120 days: cloud.google.com/kms/docs/destroy-restore."
  }
}

variable "key_protection_level" {
  description = "SOFTWARE or HSM."
  type        = string
  default     = "SOFTWARE"
  nullable    = false
  validation {
    condition     = contains(["SOFTWARE", "HSM"], var.key_protection_level)
    error_message = "The protection level must be SOFTWARE or HSM."
  }
}

variable "deletion_policy" {
  description = "PREVENT: Terraform refuses to delete keys, the database, topics and buckets. DELETE: Terraform may delete them."
  type        = string
  default     = "PREVENT"
  nullable    = false
  validation {
    condition     = contains(["PREVENT", "DELETE"], var.deletion_policy)
    error_message = "The deletion policy must be PREVENT or DELETE."
  }
}

variable "ttl_fields" {
  description = "Time field after which Firestore deletes a document, by collection. Functions mark published events, replayed messages and old counters with it, because they may not delete."
  type        = map(string)
  default     = { outbox = "expires", quarantine = "expires", configElements = "expires", configPages = "expires", requestMinutes = "expires" }
  nullable    = false
}

variable "backup_days" {
  description = "Days for which daily backups of the database are kept. Weekly backups are kept for 14 weeks."
  type        = number
  default     = 7
  nullable    = false
  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 98
    error_message = "It must be 1 to 98 days: cloud.google.com/firestore/docs/backups."
  }
}

variable "data_access_logs" {
  description = "Services whose data access Google logs. Every document and object that a request touches is one line, so check the cost."
  type        = set(string)
  default     = ["cloudkms", "firestore", "datastore", "storage", "iamcredentials"]
  nullable    = false
}

variable "log_retention_days" {
  description = "Days for which Google's audit logs, and the platform's own audit log, are kept."
  type        = number
  default     = 400
  nullable    = false
  validation {
    condition     = var.log_retention_days >= 1 && var.log_retention_days <= 3650
    error_message = "It must be 1 to 3650 days."
  }
}

variable "lock_logs" {
  description = "Lock the buckets for audit logs permanently: nobody can shorten their retention or delete them."
  type        = bool
  default     = false
  nullable    = false
}

variable "notification_channels" {
  description = "Monitoring channels for alerts, projects/…/notificationChannels/…."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for c in var.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", c))])
    error_message = "Write a channel as projects/PROJECT/notificationChannels/ID."
  }
}

variable "rate_limit" {
  description = "Number of requests from one address in a number of seconds; Cloud Armor returns 429 for more. Null: no Cloud Armor."
  type        = object({ requests = number, seconds = optional(number, 60) })
  default     = { requests = 600, seconds = 60 }
  validation {
    condition     = var.rate_limit == null || contains([10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700, 3600], try(var.rate_limit.seconds, 60))
    error_message = "seconds must be 10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700 or 3600: Cloud Armor supports no other interval."
  }
  validation {
    condition     = var.rate_limit == null || try(var.rate_limit.requests, 1) >= 1
    error_message = "requests must be at least 1."
  }
}
