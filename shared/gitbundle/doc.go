// Package gitbundle writes and reads a workspace's configuration as a git bundle: one file
// with a repository in it, which git verifies, clones and fetches from.
//
// A bundle has the version 2 (git-scm.com/docs/gitformat-bundle), and is complete: it needs
// no other commit. For example:
//
//	# v2 git bundle
//	4b825dc642cb6eb9a060e54bf8d69288fbee4904 HEAD
//	4b825dc642cb6eb9a060e54bf8d69288fbee4904 refs/heads/main
//
//	PACK…
//
// HEAD is there so that git clone checks out main. The pack has every object that main
// reaches once, in the order of their hashes and without deltas. So the same commit is the
// same bytes for everybody, as long as the compressor does not change.
//
// A reader needs the objects in memory. A configuration has at most 48 MiB of them.
package gitbundle
