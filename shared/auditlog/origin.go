package auditlog

import (
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Site is where audit logs are published, and the key that signs them.
type Site struct {
	LogKeyName     string `env:"STRONGROOM_LOG_KEY,required,notEmpty"`               // projects/…/cryptoKeys/…
	Host           string `env:"STRONGROOM_HOST,required,notEmpty"`                  // host name of the API
	PlatformBucket string `env:"STRONGROOM_PLATFORM_AUDIT_BUCKET,required,notEmpty"` // without gs://
}

// Bucket returns the name of the bucket with the tiles of a tenant's log. The zero
// record is the platform's own log.
func (s Site) Bucket(record tenant.Record) string {
	if record.ID == "" {
		return s.PlatformBucket
	}
	return record.AuditBucket
}

// Origin returns the origin of a log: the URL prefix of its tiles without the
// scheme (c2sp.org/tlog-tiles), so that no cache can mix two logs. An empty
// tenant is the platform's own log.
func Origin(host string, t tenant.ID) string {
	return host + LogPath(t)
}

// LogPath returns the path of a log's tiles on the API's host.
func LogPath(t tenant.ID) string {
	if t == "" {
		return "/v1/platform/audit/log"
	}
	return "/v1/tenants/" + string(t) + "/audit/log"
}

// CosignerName returns the name under which the platform signs the times of an
// origin's checkpoints.
func CosignerName(origin string) string { return origin + "/time" }
