variable "project_id" {
  description = "Project of the function."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "Its number; tags are bound by it."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the function, as in suite.json."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,48}[a-z0-9]$", var.name))
    error_message = "A function's name has 2 to 50 characters: lower-case letters, digits and hyphens, a letter first and no hyphen last; Cloud Run's services are named like it."
  }
}

variable "account_id" {
  description = "Id of the service account that is made for it."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.account_id))
    error_message = "A service account's id has 6 to 30 characters: lower-case letters, digits and hyphens, a letter first and no hyphen last."
  }
}

variable "regions" {
  description = "Regions it runs in, the same in each."
  type        = list(string)
  nullable    = false
  validation {
    condition     = length(var.regions) > 0 && length(distinct(var.regions)) == length(var.regions)
    error_message = "A function needs at least one region, and each once."
  }
}

variable "entry_point" {
  description = "Name the code registers with the functions framework."
  type        = string
  nullable    = false
}

variable "runtime" {
  description = "Go runtime. It must be at least the version in go.mod."
  type        = string
  default     = "go126"
  nullable    = false
  validation {
    condition     = can(regex("^go1[0-9]{2}$", var.runtime)) && try(tonumber(trimprefix(var.runtime, "go")), 0) >= 126
    error_message = "The code needs Go 1.26 or later: runtime go126 and up, see cloud.google.com/run/docs/runtimes/go."
  }
}

variable "source_zip" {
  description = "Object with the packaged code. It is named by its SHA-256, so that new code is a new object and old code is never built again."
  type        = object({ bucket = string, object = string })
  nullable    = false
  validation {
    condition     = can(regex("[0-9a-f]{64}\\.zip$", var.source_zip.object))
    error_message = "The object must end in the SHA-256 of its bytes and .zip, as scripts/package names it."
  }
}

variable "build_account" {
  description = "projects/PROJECT/serviceAccounts/EMAIL that builds the container."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^projects/[^/]+/serviceAccounts/[^/]+@[^/]+$", var.build_account))
    error_message = "Write the build account as projects/PROJECT/serviceAccounts/EMAIL."
  }
}

variable "build_environment" {
  description = "Environment of the build, as the manifest of scripts/package has it."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "worker_pool" {
  description = "Private Cloud Build pool, projects/…/workerPools/…; null: Google's. Behind a service perimeter it must be private."
  type        = string
  default     = null
}

variable "kms_keys" {
  description = "By region, the key of that region that encrypts source, image and service."
  type        = map(string)
  nullable    = false
  validation {
    condition     = alltrue([for region in var.regions : can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_keys[region]))])
    error_message = "Every region needs a key, projects/…/locations/…/keyRings/…/cryptoKeys/…."
  }
}

variable "repositories" {
  description = "By region, the Artifact Registry repository for its images, under the same key."
  type        = map(string)
  nullable    = false
  validation {
    condition     = alltrue([for region in var.regions : can(regex("^projects/[^/]+/locations/[^/]+/repositories/[^/]+$", var.repositories[region]))])
    error_message = "Every region needs a repository, projects/…/locations/…/repositories/…."
  }
}

variable "environment" {
  description = "Environment of the function. No emulator may be in it: with K_SERVICE set, as here, the function would not start."
  type        = map(string)
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for name in keys(var.environment) : !strcontains(upper(name), "EMULATOR")])
    error_message = "An emulator's setting must not be deployed; the function would stop at start."
  }
}

variable "limits" {
  description = "What one instance has, and how many there may be in a region."
  type = object({
    memory          = optional(string, "512Mi")
    cpu             = optional(string, "1")
    concurrency     = optional(number, 40)
    timeout_seconds = optional(number, 60)
    min_instances   = optional(number, 0)
    max_instances   = optional(number, 20)
  })
  default  = {}
  nullable = false
  validation {
    condition     = can(regex("^[0-9]+(Mi|Gi)$", var.limits.memory))
    error_message = "Memory is written like 512Mi or 1Gi."
  }
  validation {
    condition     = var.limits.concurrency >= 1 && var.limits.concurrency <= 1000
    error_message = "An instance takes 1 to 1000 requests at once."
  }
  validation {
    condition     = var.limits.concurrency == 1 || tonumber(var.limits.cpu) >= 1
    error_message = "More than one request at once needs at least one CPU."
  }
  validation {
    condition     = var.limits.timeout_seconds >= 1 && var.limits.timeout_seconds <= 3600
    error_message = "A request may take 1 to 3600 seconds."
  }
  validation {
    condition     = var.limits.max_instances >= 1 && var.limits.max_instances <= 1000
    error_message = "max_instances must bound the scaling: 1 to 1000."
  }
  validation {
    condition     = var.limits.min_instances >= 0 && var.limits.min_instances <= var.limits.max_instances
    error_message = "min_instances must be at least 0 and at most max_instances."
  }
}

variable "invokers" {
  description = "Emails of the accounts that may call it. Empty: it is for runners and users, who come through the load balancer and whom it authenticates itself."
  type        = set(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for email in var.invokers : can(regex("^[^@: ]+@[^@: ]+$", email))])
    error_message = "An invoker is the email of a service account, without serviceAccount:."
  }
}

variable "admit_everybody" {
  description = "Let IAM pass everybody to a function without invokers. False where an operator has turned the invoker check off instead."
  type        = bool
  default     = true
  nullable    = false
}

variable "public_tag_value" {
  description = "tagValues/ID that the organisation's policy of restricted domains makes an exception for; null: it has none."
  type        = string
  default     = null
  validation {
    condition     = var.public_tag_value == null || can(regex("^tagValues/[0-9]+$", var.public_tag_value))
    error_message = "Write the tag's value as tagValues/ID."
  }
}
