# What Firestore shall index beside single fields, and what it shall not, as
# indexes.json has it. A query without its index fails: the tests of infra ask
# every query of an embedded cloud, and hold the table to what they needed.
#
# A field that begins with "-" descends. Filters that may be combined each have
# an index with the same order at its end, which Firestore merges:
# cloud.google.com/firestore/docs/query-data/index-overview#taking_advantage_of_index_merging.
#
# Unindexed is what no query asks for alone: bytes, arrays, and fields that grow
# with time, which would bound a collection to 500 writes a second
# (cloud.google.com/firestore/docs/best-practices). Each index not kept is a
# write not paid for. A map's exemption covers what is in it.
locals {
  firestore = jsondecode(file("${path.module}/../../indexes.json"))

  indexes = {
    for i in local.firestore.indexes : "${i.collection} ${try(i.group, false) ? "COLLECTION_GROUP" : "COLLECTION"} ${join(" ", i.fields)}" =>
    { collection = i.collection, scope = try(i.group, false) ? "COLLECTION_GROUP" : "COLLECTION", fields = i.fields }
  }
  group_fields = { for f in local.firestore.groupFields : "${f.collection} ${f.field}" => f }
  unindexed_fields = merge([
    for collection, fields in local.firestore.unindexed : { for field in fields : "${collection} ${field}" => { collection = collection, field = field } }
  ]...)
}

resource "google_firestore_index" "this" {
  for_each = local.indexes

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
  collection = each.value.collection
  field      = each.value.field

  index_config {
    indexes {
      order       = "ASCENDING"
      query_scope = "COLLECTION_GROUP"
    }
  }
}
