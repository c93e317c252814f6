#!/usr/bin/env bash
# Runs a command with the Firestore and Pub/Sub emulators of Firebase:
#
#   emulator/firebase.sh 'go run ./emulator -once'
#
# It needs firebase-tools 15 and Java 21 or newer. If gcloud's emulators are
# installed, it uses them, so that firebase-tools downloads nothing. Otherwise,
# firebase-tools downloads its own (190 MB) at the first use.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() { printf 'firebase.sh: %s\n' "$*" >&2; exit 1; }

(($# == 1)) || fail "usage: emulator/firebase.sh COMMAND"
command -v firebase >/dev/null || fail "firebase is not on the PATH: npm install -g firebase-tools@15"
command -v java >/dev/null || fail "java is not on the PATH: firebase-tools needs Java 21 or newer"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# firebase-tools starts `java -jar FILE`, but gcloud's JAR does not name its main
# class. This JAR has nothing but a manifest, which names both.
manifest_jar() {
  command -v jar >/dev/null || fail "jar is not on the PATH: install a JDK of Java 21 or newer"
  printf 'Main-Class: com.google.cloud.datastore.emulator.firestore.CloudFirestore\nClass-Path: file://%s\n' "$1" >"$scratch/manifest"
  jar --create --file "$scratch/firestore.jar" --manifest "$scratch/manifest"
}

use_gcloud() {
  local root firestore pubsub
  command -v gcloud >/dev/null || return 0
  root=$(gcloud info --format='value(installation.sdk_root)' 2>/dev/null) || return 0
  firestore=$root/platform/cloud-firestore-emulator/cloud-firestore-emulator.jar
  pubsub=$root/platform/pubsub-emulator/bin/cloud-pubsub-emulator
  [[ -f $firestore && -f $pubsub ]] || return 0
  manifest_jar "$firestore"
  export FIRESTORE_EMULATOR_BINARY_PATH=$scratch/firestore.jar PUBSUB_EMULATOR_BINARY_PATH=$pubsub
}

use_gcloud
firebase emulators:exec --config "$here/firebase.json" --project demo-strongroom "$1"
