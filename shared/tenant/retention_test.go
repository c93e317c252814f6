package tenant_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestARetentionIsNotShorterThanALock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		retention tenant.Retention
		valid     bool
	}{
		"nothing is deleted":                                    {tenant.Retention{}, true},
		"nothing is deleted, and the buckets are locked":        {tenant.Retention{LockedOutputDays: 30, LockedAuditDays: 400}, true},
		"everything is deleted in order":                        {tenant.Retention{RunDays: 90, SampleDays: 35, IssueDays: 400, ExportDays: 60, OutputDays: 90, ExportFileDays: 30, LockedOutputDays: 30}, true},
		"issues and samples need no rule of a bucket":           {tenant.Retention{SampleDays: 35, IssueDays: 36_500}, true},
		"audit entries need no rule of a bucket":                {tenant.Retention{AuditEntryDays: 35, LockedAuditDays: 400}, true},
		"a retention of audit entries that is too short":        {tenant.Retention{AuditEntryDays: 34}, false},
		"a retention that is too short":                         {tenant.Retention{SampleDays: 34}, false},
		"a retention that is too long":                          {tenant.Retention{IssueDays: 36_501}, false},
		"a negative retention":                                  {tenant.Retention{IssueDays: -1}, false},
		"output is deleted when its lock ends":                  {tenant.Retention{OutputDays: 30, LockedOutputDays: 30}, false},
		"files of exports are deleted before their lock ends":   {tenant.Retention{ExportFileDays: 10, LockedExportFileDays: 30}, false},
		"runs are deleted, and output is not":                   {tenant.Retention{RunDays: 90}, false},
		"runs are deleted before their output":                  {tenant.Retention{RunDays: 90, OutputDays: 91}, false},
		"records of exports are deleted before the files":       {tenant.Retention{ExportDays: 40, ExportFileDays: 41}, false},
		"records of exports are deleted, and the files are not": {tenant.Retention{ExportDays: 40}, false},
	} {
		if err := c.retention.Validate(); (err == nil) != c.valid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
