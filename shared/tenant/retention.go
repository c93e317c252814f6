package tenant

import (
	"errors"
	"fmt"
)

// Retention says after how many days something of the tenant is deleted. Zero means that it is
// kept until the tenant is offboarded. Package retention deletes documents; the rules of the
// buckets delete objects, and Terraform sets these rules from the same settings.
type Retention struct {
	RunDays    int64 `firestore:"runDays" class:"configuration"`    // runs, with their grants, sightings and indexes, after they began
	SampleDays int64 `firestore:"sampleDays" class:"configuration"` // samples of SLIs, after they were reported
	IssueDays  int64 `firestore:"issueDays" class:"configuration"`  // issues, after they were resolved
	ExportDays int64 `firestore:"exportDays" class:"configuration"` // records of exports, after they ended

	AuditEntryDays int64 `firestore:"auditEntryDays" class:"configuration"` // documents of audit entries, after the action; the audit bucket keeps them

	OutputDays     int64 `firestore:"outputDays" class:"configuration"`     // objects of the platform's outputs bucket
	ExportFileDays int64 `firestore:"exportFileDays" class:"configuration"` // objects of the exports bucket

	LockedOutputDays     int64 `firestore:"lockedOutputDays" class:"configuration"`     // during which the outputs bucket refuses to delete an object
	LockedExportFileDays int64 `firestore:"lockedExportFileDays" class:"configuration"` // the same of the exports bucket
	LockedAuditDays      int64 `firestore:"lockedAuditDays" class:"configuration"`      // the same of the audit bucket
}

// KeepsDocuments reports whether no document is deleted.
func (r Retention) KeepsDocuments() bool {
	return r.RunDays == 0 && r.SampleDays == 0 && r.IssueDays == 0 && r.ExportDays == 0 && r.AuditEntryDays == 0
}

// The bounds of the retention of documents, in days. A shorter one would delete what the
// longest window of an SLI and the export of a month need.
const (
	MinRetentionDays = 35
	MaxRetentionDays = 36_500
)

// Validate returns an error that joins everything wrong with the retention. Documents stay as
// long as the objects that only they can find: a run as long as its output.
func (r Retention) Validate() error {
	var errs []error
	for _, field := range []struct {
		name string
		days int64
	}{{"runDays", r.RunDays}, {"sampleDays", r.SampleDays}, {"issueDays", r.IssueDays}, {"exportDays", r.ExportDays}, {"auditEntryDays", r.AuditEntryDays}} {
		if field.days != 0 && (field.days < MinRetentionDays || field.days > MaxRetentionDays) {
			errs = append(errs, fmt.Errorf("%s is neither 0 nor %d to %d", field.name, MinRetentionDays, MaxRetentionDays))
		}
	}
	for _, field := range []struct {
		name            string
		locked, objects int64
	}{{"outputDays", r.LockedOutputDays, r.OutputDays}, {"exportFileDays", r.LockedExportFileDays, r.ExportFileDays}} {
		if field.objects < 0 || field.locked < 0 || field.objects != 0 && field.objects <= field.locked {
			errs = append(errs, fmt.Errorf("%s is not longer than the retention of the bucket", field.name))
		}
	}
	if r.RunDays != 0 && (r.OutputDays == 0 || r.OutputDays > r.RunDays) {
		errs = append(errs, errors.New("runDays is shorter than outputDays: output cannot be read without its run"))
	}
	if r.ExportDays != 0 && (r.ExportFileDays == 0 || r.ExportFileDays > r.ExportDays) {
		errs = append(errs, errors.New("exportDays is shorter than exportFileDays: files cannot be read without their export"))
	}
	return errors.Join(errs...)
}
