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
// infra/adr/0025-exports-read-at-one-time.md says why.
package export
