// Package manifest defines the manifest of an export, which names everything that
// the export consists of, and verifies an export offline.
//
// # Files
//
// An export is a directory. The names of files that the platform writes end in the
// first digits of their SHA-256:
//
//	manifest-….json              the Manifest, as canonical JSON (RFC 8785)
//	manifest-….note              a signed note (c2sp.org/signed-note) with the SHA-256 of the Manifest
//	schemas/runs-….json          the JSON Schema of the rows of the table runs
//	lists/….jsonl.gz             a list: one File on each line
//	runs/….jsonl.gz              rows of the table runs
//	outputparts/….jsonl.gz       rows of the table outputparts: each part of an output, with its state
//	bundles/prod/….bundle        the configuration of the workspace prod, as a git bundle
//	parts/prod/RUN/out.log/00001 a part of an output: the bytes of the object prod/RUN/out.log/00001
//
// The note authenticates the manifest, the manifest the lists, and the lists all
// other files. So any change of any file, a missing file and an additional one are
// detected with the verifier key alone.
//
// # Outputs
//
// The line of a list for a part of an output has the member part (Part):
//
//	{"name":"parts/prod/RUN/out.log/00002","size":4,"crc32c":"…","sha256":"…","rows":0,
//	 "part":{"workspace":"prod","run":"RUN","output":"out.log","part":2,"generation":17,
//	         "checksum":"sha256","path":"outputs/prod/RUN/out.log","offset":6}}
//
// The platform copies parts without reading them, so it cannot compute their SHA-256.
// The one in the list was declared by the runner before it uploaded the part. If the
// runner declared none, sha256 is absent and checksum is crc32c-only: then accidental
// changes are detected, and deliberate ones are not.
//
// A reader assembles outputs as follows. It writes the bytes of each part to the file
// "path", beginning at the byte "offset", in any order, and does not store the part
// under its own name. A part of 0 bytes creates the file. Parts that follow each other
// without a gap have the same path:
//
//	parts of the output in the export  files
//	1, 2, 3                            outputs/prod/RUN/out.log
//	1, 2, 4, 5                         outputs/prod/RUN/out.log with 1 and 2, outputs/prod/RUN/out.log@00004 with 4 and 5
//	3                                  outputs/prod/RUN/out.log@00003
//
// So a gap is never hidden. The rows of outputparts say why a part is not there: it is
// pending, missing, expired or quarantined, or was exported before (see "from" in
// functions/exports). The name of an output never contains an "@".
//
// Verify accepts both forms: parts under their own names, as they are in the bucket,
// and assembled files. A part must be there once.
//
// # Configurations
//
// The line of a list for the configuration of a workspace has the member bundle (Bundle):
//
//	{"name":"bundles/prod/….bundle","size":51234,"crc32c":"…","sha256":"…","rows":0,
//	 "bundle":{"workspace":"prod","commit":"4b825d…","digest":"9c1d…","path":"configuration/prod.bundle"}}
//
// A reader stores the file as "path". It is a git bundle (git-scm.com/docs/gitformat-bundle)
// of the version 2 with the whole history of main, so git clone configuration/prod.bundle
// restores the repository. Its main is the commit, and the files of main have the digest,
// as shared/configtree defines it. WithBundles checks that. The rows of configs say why a
// bundle is not there.
//
// Verify accepts both names.
//
// # Keys
//
// ParseKeys reads the verifier keys as the platform publishes them with the keys of
// the audit log. They may be stored in the directory as KeysFile. Keys prove something
// only if they were received from the platform, and not together with the export.
package manifest
