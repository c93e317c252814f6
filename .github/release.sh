#!/usr/bin/env bash
# The steps of the workflow release, which also run on any machine:
#
#   .github/release.sh build DIR     build and check all files of a release
#   .github/release.sh try DIR       the same, with one function and the programs for this machine
#   .github/release.sh publish DIR   create the release; needs gh and its token
#
# On a tag, GITHUB_REF_NAME is the version. Otherwise, go names the version after
# the commit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { printf 'release.sh: %s\n' "$*" >&2; exit 1; }

version() { if [[ ${GITHUB_REF_TYPE:-} == tag ]]; then printf '%s' "$GITHUB_REF_NAME"; fi; }

# check compares the files with their checksums, and starts this machine's programs.
check() {
  local archive scratch program
  (cd "$1" && sha256sum --check --quiet SHA256SUMS)
  scratch=$(mktemp -d)
  for program in strongroom emulator; do
    for archive in "$1/$program"-*-"$(go env GOHOSTOS)-$(go env GOHOSTARCH)".tar.gz; do
      tar -xzf "$archive" -C "$scratch"
      "$scratch/$program" --version
    done
  done
  rm -r "$scratch"
}

(($# == 2)) || fail "usage: .github/release.sh build|try|publish DIR"
case $1 in
  build)
    go run ./scripts/package -out "$2" -programs all -version "$(version)"
    check "$2"
    ;;
  try)
    go run ./scripts/package -out "$2" -only sweep -programs host
    check "$2"
    ;;
  publish)
    [[ -n $(version) ]] || fail "only a tag is published"
    [[ $(version) == *-* ]] && before=--prerelease
    gh release create "$(version)" "$2"/* --verify-tag --notes-file "$2/NOTES.md" ${before:-}
    ;;
  *) fail "unknown step $1" ;;
esac
