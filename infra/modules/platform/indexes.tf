locals {
  # Composite indexes by collection, each for the queries beside it. Without one a
  # query fails: by itself Firestore makes indexes of single fields only. "-" is
  # descending. Filters that may be combined each have an index with the same
  # order at its end, which Firestore merges:
  # cloud.google.com/firestore/docs/query-data/index-overview#taking_advantage_of_index_merging.
  indexes = {
    grants = [
      ["run", "output", "part"], # shared/grant: the parts of a run's outputs, in order
      ["run", "state"],          # functions/sweep: a run's grants in one state
    ]
    runs = [
      ["check", "pending", "start.time"], # functions/assistant: what is not folded yet
      ["start.task", "-start.time"],      # functions/runs: a list by any of these
      ["start.slx", "-start.time"],
      ["start.resource", "-start.time"],
      ["end.outcome", "-start.time"],
      ["state", "-start.time"],
    ]
    series = [
      ["sli", "last", "first"], # functions/runs: samples of a time
    ]
    issues = [
      ["check", "resolvedAt"],                 # shared/issue: what a run may change
      ["check", "resolvedAt", "severity"],     # functions/assistant: the worst of some checks
      ["severity", "resolvedAt", "-lastSeen"], # functions/assistant: a list of what stands,
      ["severity", "state", "-lastSeen"],      # or of one state,
      ["slx", "-lastSeen"],                    # by any of these
      ["resource", "-lastSeen"],
      ["task", "-lastSeen"],
      ["resolvedAt", "severity", "ignored.until"], # functions/assistant: how many are ignored
    ]
    checks = [
      ["slx", "-lastRun.start"], # functions/assistant: tasks that ran for an SLX
    ]
    quarantine = [
      ["function", "found"], # shared/event: what a function refused
    ]
  }

  # The same over all tenants of the database.
  group_indexes = {
    grants = [["state", "expires"]]            # functions/sweep: overdue grants
    runs   = [["state", "settled", "created"]] # functions/sweep: ended runs that are not settled
  }

  # Single fields that are asked for over all tenants, which Firestore does not
  # index by itself.
  group_fields = { outbox = "created" } # shared/outbox: what a crash left behind

  # Fields that no query asks for alone. Those that grow with time would bound a
  # collection to 500 writes a second if they were indexed
  # (cloud.google.com/firestore/docs/best-practices), and each index not kept is
  # a write not paid for. A map's exemption covers what is in it.
  unindexed = {
    grants = ["created", "declared", "expires", "stored"]
    runs   = ["created", "end.claims", "end.time"]
    audit  = ["leaf", "time"]
    deks   = ["wrapped"]
  }

  index_list = merge([
    for scope, collections in { COLLECTION = local.indexes, COLLECTION_GROUP = local.group_indexes } : merge([
      for collection, all in collections : {
        for fields in all : "${collection} ${scope} ${join(" ", fields)}" => { collection = collection, scope = scope, fields = fields }
      }
    ]...)
  ]...)
  unindexed_fields = merge([
    for collection, fields in local.unindexed : { for field in fields : "${collection} ${field}" => { collection = collection, field = field } }
  ]...)
}

resource "google_firestore_index" "this" {
  for_each = local.index_list

  project     = var.project_id
  database    = google_firestore_database.this.name
  collection  = each.value.collection
  query_scope = each.value.scope

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path = trimprefix(fields.value, "-")
      order      = startswith(fields.value, "-") ? "DESCENDING" : "ASCENDING"
    }
  }
}

resource "google_firestore_field" "unindexed" {
  for_each = local.unindexed_fields

  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = each.value.collection
  field      = each.value.field

  index_config {} # none
}

resource "google_firestore_field" "group" {
  for_each = local.group_fields

  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = each.key
  field      = each.value

  index_config {
    indexes {
      order       = "ASCENDING"
      query_scope = "COLLECTION_GROUP"
    }
  }
}
