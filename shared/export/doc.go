// Package export defines what an export is: what can be requested, the parts that
// the work is divided into, the rows that its files contain, and the windows of a
// schedule. It reads and writes nothing.
//
// An export contains the documents of a tenant as they were at one time, the read
// time, which is a whole minute. Each document is one row. For example, an export
// of the metadata of acme, requested at 10:20:30, is made of these parts:
//
//	10:21:00  plan      finds out how many documents each table has at 10:21:00
//	          rows      runs/a…, the first 10,000 runs: one file
//	          rows      runs/b…, the next 10,000 runs: one file
//	          …
//	          list      names the files of up to 5,000 parts: one file
//	          manifest  names the lists; its digest is signed
//
// Every part reads at 10:21:00, however late it runs, so no row is counted twice
// and none is left out. A part that runs twice writes the same bytes.
//
// # Outputs
//
// The kind outputs has the table outputparts: one row (PartRow) for each part of an
// output that was ever granted, in the order of workspace, run, output and part. Its
// state is that of the grant at 10:21:00. If it is stored, the object is copied from
// the tenant's outputs bucket, in the generation that the grant names, to parts/NAME
// below the export, and a list names the copy as a file of its own (Copy):
//
//	rows of outputparts    copies                           assembled by pull
//	out.log 1  stored      parts/prod/RUN/out.log/00001     outputs/prod/RUN/out.log, at byte 0
//	out.log 2  stored      parts/prod/RUN/out.log/00002     outputs/prod/RUN/out.log, at byte 8388608
//	out.log 3  missing
//	out.log 4  stored      parts/prod/RUN/out.log/00004     outputs/prod/RUN/out.log@00004, at byte 0
//	out.log 5  pending
//
// Nothing is read from the object, so the SHA-256 of a copy is the one that the runner
// declared. Without a declaration, the row and the list say crc32c-only. An object that
// was deleted before it could be copied is missing. The members of rows and lists are
// described at PartRow and in shared/manifest.
//
// # Configurations
//
// The kind configuration has the table configs: one row (ConfigRow) for each workspace that
// has a configuration, with the commit that was in effect at 10:21:00. Its history is a git
// bundle, which a list names as a file of its own (Bundle). The table configreviews has the
// reviews:
//
//	rows of configs                  bundles                            stored by pull
//	prod  commit 4b825d…  exported   bundles/prod/….bundle              configuration/prod.bundle
//	test  commit 9a1c2f…  missing
//
// A bundle that is missing has packs that somebody deleted after the history was reset. With
// a time "from", a configuration of which no commit came into effect since is left out. One
// that is there has its whole history. infra/adr/0050 says why.
//
// infra/adr/0025-exports-read-at-one-time.md says why.
package export
