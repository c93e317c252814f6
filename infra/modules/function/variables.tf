variable "project_id" {
  description = "Project of the function."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "Number of that project; tag bindings need it."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the function, as in suite.json."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,48}[a-z0-9]$", var.name))
    error_message = "A function name, which is also the name of its Cloud Run service, has 2 to 50 lowercase letters, digits and hyphens. It starts with a letter and does not end with a hyphen."
  }
}

variable "account_id" {
  description = "ID of the service account that the module creates for the function."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.account_id))
    error_message = "A service account ID has 6 to 30 lowercase letters, digits and hyphens. It starts with a letter and does not end with a hyphen."
  }
}

variable "regions" {
  description = "Regions in which the function runs, identical in each."
  type        = list(string)
  nullable    = false
  validation {
    condition     = length(var.regions) > 0 && length(distinct(var.regions)) == length(var.regions)
    error_message = "List at least one region, and each only once."
  }
}

variable "entry_point" {
  description = "Name that the code registers with the functions framework."
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

variable "keep_traffic" {
  description = "Leave the requests with the revisions that have them by name; scripts/rollout names them. Without such a name, Cloud Run sends the requests to the newest revision."
  type        = bool
  default     = false
  nullable    = false
}

variable "source_zip" {
  description = "Object with the packaged code. Its name contains its SHA-256, so new code is a new object and old code is never built again."
  type        = object({ bucket = string, object = string })
  nullable    = false
  validation {
    condition     = can(regex("[0-9a-f]{64}\\.zip$", var.source_zip.object))
    error_message = "The object name must end in the SHA-256 of its bytes and .zip, as scripts/package writes it."
  }
}

variable "build_account" {
  description = "Service account that builds the container: projects/PROJECT/serviceAccounts/EMAIL."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^projects/[^/]+/serviceAccounts/[^/]+@[^/]+$", var.build_account))
    error_message = "Write the build account as projects/PROJECT/serviceAccounts/EMAIL."
  }
}

variable "build_environment" {
  description = "Environment of the build, from the manifest of scripts/package."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "worker_pools" {
  description = "Private Cloud Build pool that builds the function, by region. A region that is missing uses Google's pool."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "subnetworks" {
  description = "Subnetwork through which all requests of the function leave, by region; null: none. A service perimeter requires it."
  type        = map(string)
  default     = null
  validation {
    condition     = var.subnetworks == null || length(setsubtract(var.regions, keys(coalesce(var.subnetworks, {})))) == 0
    error_message = "Every region needs a subnetwork."
  }
}

variable "kms_keys" {
  description = "Key that encrypts source, image and service, by region."
  type        = map(string)
  nullable    = false
  validation {
    condition     = alltrue([for region in var.regions : can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_keys[region]))])
    error_message = "Every region needs a key, projects/…/locations/…/keyRings/…/cryptoKeys/…."
  }
}

variable "repositories" {
  description = "Artifact Registry repository for the images, under the same key, by region."
  type        = map(string)
  nullable    = false
  validation {
    condition     = alltrue([for region in var.regions : can(regex("^projects/[^/]+/locations/[^/]+/repositories/[^/]+$", var.repositories[region]))])
    error_message = "Every region needs a repository, projects/…/locations/…/repositories/…."
  }
}

variable "environment" {
  description = "Environment of the function. It must not contain an emulator setting: a deployed function with one does not start."
  type        = map(string)
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for name in keys(var.environment) : !strcontains(upper(name), "EMULATOR")])
    error_message = "Remove the emulator setting: a deployed function with one does not start."
  }
}

variable "secret_environment" {
  description = "Secrets of the same project, by the name of the environment variable that has the newest version."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "secret_files" {
  description = "Secrets of the same project, by the path of the file that has the newest version. Each file is in a directory of its own."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "limits" {
  description = "Resources of one instance, and number of instances in a region. GOMEMLIMIT of the function is 90 % of the memory."
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
    error_message = "Write memory as a number with Mi or Gi, such as 512Mi."
  }
  validation {
    condition     = var.limits.concurrency >= 1 && var.limits.concurrency <= 1000
    error_message = "concurrency must be 1 to 1000 simultaneous requests."
  }
  validation {
    condition     = var.limits.concurrency == 1 || tonumber(var.limits.cpu) >= 1
    error_message = "A concurrency above 1 needs at least one CPU."
  }
  validation {
    condition     = var.limits.timeout_seconds >= 1 && var.limits.timeout_seconds <= 3600
    error_message = "timeout_seconds must be 1 to 3600."
  }
  validation {
    condition     = var.limits.max_instances >= 1 && var.limits.max_instances <= 1000
    error_message = "max_instances must be 1 to 1000."
  }
  validation {
    condition     = var.limits.min_instances >= 0 && var.limits.min_instances <= var.limits.max_instances
    error_message = "min_instances must be 0 to max_instances."
  }
}

variable "invokers" {
  description = "Emails of the accounts that may call the function. Empty: runners and users call it through the load balancer, and it authenticates them itself."
  type        = set(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for email in var.invokers : can(regex("^[^@: ]+@[^@: ]+$", email))])
    error_message = "Write an invoker as the email of a service account, without serviceAccount:."
  }
}

variable "admit_everybody" {
  description = "Grant roles/run.invoker to allUsers if the function has no invokers. Set false if an operator turns the invoker check off instead."
  type        = bool
  default     = true
  nullable    = false
}

variable "public_tag" {
  description = "Tag value, { value = \"tagValues/ID\" }, that the organization's domain restriction policy exempts; null: none. An object, because a plan must know whether there is one before the tag exists."
  type        = object({ value = string })
  default     = null
  validation {
    condition     = var.public_tag == null || can(regex("^tagValues/[0-9]+$", var.public_tag.value))
    error_message = "Write the tag value as { value = \"tagValues/ID\" }."
  }
}
