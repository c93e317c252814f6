package tenants

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/storage"

	"github.com/strongroom-dev/strongroom/shared/storageprobe"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Shorthands for checks.
func okCheck(id, format string, args ...any) storageprobe.Check {
	return storageprobe.Check{ID: id, Result: storageprobe.OK, Seen: fmt.Sprintf(format, args...)}
}

func failedCheck(id, seen, fix string) storageprobe.Check {
	return storageprobe.Check{ID: id, Result: storageprobe.Failed, Seen: seen, Fix: fix}
}

func notChecked(id, seen, fix string) storageprobe.Check {
	return storageprobe.Check{ID: id, Result: storageprobe.NotChecked, Seen: seen, Fix: fix}
}

// The checks that the platform cannot make before there is output, or an export.
var (
	outputsReadCheck = notChecked("outputs-read",
		"the account that verifies cannot act as the functions outputs and export-worker, which read output",
		"grant both the role strongroomOutputsReader, as infra/modules/storage does; the first output that is read shows whether they have it")
	exportsWriteCheck = notChecked("exports-write",
		"the account that verifies cannot act as the function export-worker, which writes exports: it could then read all output",
		"grant it the role strongroomExportsCreator, as infra/modules/storage does; the first export shows whether it has it, and pauses until then")
	exportsReadCheck = notChecked("exports-read",
		"the account that verifies cannot act as the account that URLs of exports act as",
		"grant it the role strongroomExportsReader, as infra/modules/storage does; the first list of an export's files shows whether it has it")
)

// interrupted reports whether a check that decides could not be made, so that the result says
// nothing.
func interrupted(v storageprobe.Verification) bool {
	return slices.ContainsFunc(v.Checks, func(c storageprobe.Check) bool {
		return c.Result == storageprobe.NotChecked && !slices.Contains([]string{outputsReadCheck.ID, exportsWriteCheck.ID, exportsReadCheck.ID}, c.ID)
	})
}

// settingsChecks are the checks that follow from the settings of a bucket.
func settingsChecks(t tenant.Record, v storageprobe.Verification, b *storage.BucketAttrs) []storageprobe.Check {
	checks := []storageprobe.Check{
		okCheck("readable", "the bucket exists, belongs to the tenant by its label, and shows its settings"),
		locationCheck(t, v.KeyName, b), keyCheck(v.KeyName, b), publicCheck(b), uniformCheck(b), retentionCheck(b),
	}
	if v.Component == tenant.Exports {
		checks = append(checks, componentCheck(b))
	}
	return checks
}

// componentCheck makes sure that nobody takes another bucket for one of exports: a bucket for
// output notifies the platform, which puts each object that no run has uploaded into quarantine.
func componentCheck(b *storage.BucketAttrs) storageprobe.Check {
	if b.Labels["component"] != string(tenant.Exports) {
		return failedCheck("component", "the bucket has not the label component = exports, so it may be for something else", "create a bucket for exports with infra/modules/storage, or set this label on one that has nothing else")
	}
	return okCheck("component", "the bucket is for exports by its label")
}

func locationCheck(t tenant.Record, keyName string, b *storage.BucketAttrs) storageprobe.Check {
	of := strings.ToLower(b.Location)
	fields := strings.Split(keyName, "/")
	switch {
	case of != strings.ToLower(t.Location):
		return failedCheck("location", fmt.Sprintf("the bucket is in %s, and the tenant is in %s", of, t.Location),
			"create the bucket in "+t.Location+"; the location of a bucket cannot be changed")
	case len(fields) < 4 || fields[3] != of:
		return failedCheck("location", fmt.Sprintf("the bucket is in %s, and the key in another location", of),
			"use a key in "+of+"; Cloud Storage uses keys in the location of the bucket only")
	}
	return okCheck("location", "the bucket, the key and the tenant are in %s", of)
}

func keyCheck(keyName string, b *storage.BucketAttrs) storageprobe.Check {
	switch {
	case b.Encryption == nil || b.Encryption.DefaultKMSKeyName == "":
		return failedCheck("key", "the bucket has no default key of Cloud KMS", "set "+keyName+" as its default key")
	case b.Encryption.DefaultKMSKeyName != keyName:
		return failedCheck("key", "the bucket has another default key than the one expected", "set "+keyName+" as its default key, or name the bucket's own key in the request")
	}
	return okCheck("key", "the default key of the bucket is the one expected")
}

func publicCheck(b *storage.BucketAttrs) storageprobe.Check {
	if b.PublicAccessPrevention != storage.PublicAccessPreventionEnforced {
		return failedCheck("public-access", "public access is not prevented by the bucket itself", "set the bucket's public access prevention to enforced")
	}
	return okCheck("public-access", "public access prevention is enforced")
}

func uniformCheck(b *storage.BucketAttrs) storageprobe.Check {
	if !b.UniformBucketLevelAccess.Enabled {
		return failedCheck("uniform-access", "objects can have access rules of their own", "enable uniform bucket-level access")
	}
	return okCheck("uniform-access", "only the bucket's roles decide who has access")
}

// retentionCheck says what the bucket keeps and deletes. The record of the tenant asks for no
// retention, so nothing of it is wrong, unless objects are deleted within days.
func retentionCheck(b *storage.BucketAttrs) storageprobe.Check {
	const day = 24 * time.Hour
	for _, rule := range b.Lifecycle.Rules {
		if rule.Action.Type == storage.DeleteAction && rule.Condition.AgeInDays < 2 {
			return failedCheck("retention", "a lifecycle rule of the bucket deletes objects within two days", "remove the rule, or let it delete older objects only")
		}
	}
	seen := "the bucket has no retention policy: whoever may delete objects there can delete them at any time"
	if p := b.RetentionPolicy; p != nil && p.RetentionPeriod > 0 {
		seen = fmt.Sprintf("the bucket keeps each object for %d days (locked: %v)", int64(p.RetentionPeriod/day), p.IsLocked)
	}
	if b.SoftDeletePolicy != nil && b.SoftDeletePolicy.RetentionDuration > 0 {
		seen += fmt.Sprintf("; deleted objects can be restored for %d days", int64(b.SoftDeletePolicy.RetentionDuration/day))
	}
	return okCheck("retention", "%s", seen)
}

// arrivalChecks are the checks that follow from the notification of the probe.
func arrivalChecks(v storageprobe.Verification, now time.Time) []storageprobe.Check {
	const topic = "let the bucket notify the platform's topic object-events of OBJECT_FINALIZE with the payload JSON_API_V1, and the service agent of Cloud Storage of your project publish there"
	switch {
	case !v.Created && interrupted(v):
		return []storageprobe.Check{notChecked("notification", "there was no probe", "verify the storage again"), notChecked("encryption", "there was no probe", "verify the storage again")}
	case !v.Created:
		return []storageprobe.Check{
			{ID: "notification", Result: storageprobe.Failed, Seen: "there is no object of which the bucket could notify", Fix: "see the check create"},
			{ID: "encryption", Result: storageprobe.Failed, Seen: "there is no object whose key could be seen", Fix: "see the check create"},
		}
	case v.Arrived == nil && now.Sub(v.Started) < arrivesWithin:
		return []storageprobe.Check{
			{ID: "notification", Result: storageprobe.Waiting, Seen: "the bucket's notification of the probe has not arrived yet", Fix: "read this again; " + topic},
			{ID: "encryption", Result: storageprobe.Waiting, Seen: "the notification says which key encrypts the probe"},
		}
	case v.Arrived == nil:
		return []storageprobe.Check{
			failedCheck("notification", "the bucket's notification of the probe has not arrived within 5 minutes", topic),
			failedCheck("encryption", "without the notification, nothing says which key encrypts the probe", "see the check notification"),
		}
	}
	return []storageprobe.Check{notificationCheck(v), encryptionCheck(v)}
}

func notificationCheck(v storageprobe.Verification) storageprobe.Check {
	if !v.Arrived.Matches {
		return failedCheck("notification", "the notification describes another object than the probe", "let only the bucket itself publish its notifications, and nothing change its objects")
	}
	return okCheck("notification", "the bucket's notification arrived at custody after %s", max(0, v.Arrived.Time.Sub(v.Started)).Round(time.Second))
}

func encryptionCheck(v storageprobe.Verification) storageprobe.Check {
	if v.Arrived.KeyName != v.KeyName {
		return failedCheck("encryption", "another key than the one expected encrypts the probe, or none of Cloud KMS", "set "+v.KeyName+" as the bucket's default key")
	}
	return okCheck("encryption", "the key expected encrypts the probe")
}
