# The composite indexes and the index exemptions of indexes.json. A query without
# its index fails. The tests of infra run every query on an embedded cloud, and
# compare the table to the indexes that the queries needed.
#
# A field that begins with "-" is in descending order. Each filter that can be
# combined with others has an index that ends in the same order, because Firestore
# can merge such indexes:
# cloud.google.com/firestore/docs/query-data/index-overview#taking_advantage_of_index_merging.
#
# Unindexed fields are those that no query uses alone: bytes, arrays, and fields
# that increase with time, which would limit a collection to 500 writes a second
# (cloud.google.com/firestore/docs/best-practices). Each index that does not exist
# saves a write. The exemption of a map covers the fields in it.
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
