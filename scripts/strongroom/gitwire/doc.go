// Package gitwire writes and reads the bodies of git's smart HTTP protocol
// (git-scm.com/docs/http-protocol) for a configuration: one push of one commit, and one
// fetch of the newest commit. It makes no requests and needs no git on the machine.
package gitwire
