package suite

import (
	"strconv"
	"strings"
)

// pageTokenKey is the key of all page tokens. Terraform makes a random one.
const pageTokenKey = "the embedded cloud's page tokens"

// FunctionEnviron returns the environment of a process that runs a function
// under its own service account, in the form of os.Environ. It contains the
// account's token, and what the platform and Terraform set in production.
func (c *Cloud) FunctionEnviron(function string) []string {
	return append(c.Environ(FunctionAccount(function)),
		"STRONGROOM_AUDIENCE="+Audience,
		"STRONGROOM_AUDIT_KEY="+auditKey,
		"STRONGROOM_PAGE_TOKEN_KEY="+pageTokenKey,
		"STRONGROOM_LOG_KEY="+logKey,
		"STRONGROOM_CONSOLE_URL="+c.URL,
		"STRONGROOM_CONSOLE_SIGN_IN="+c.consoleDir,
		"STRONGROOM_CONSOLE_COOKIE_KEY="+consoleCookieKey,
		"STRONGROOM_CONSOLE_EMULATOR=true",
		"STRONGROOM_HOST="+strings.TrimPrefix(c.URL, "http://"),
		"STRONGROOM_PLATFORM_AUDIT_BUCKET="+auditBucket,
		"STRONGROOM_MANIFEST_KEY="+manifestKey,
		"STRONGROOM_EXPORT_READER="+exportReader,
		"STRONGROOM_CONSENT_KEY="+consentKey,
		"STRONGROOM_CERTIFICATE_KEY="+certificateKey,
		"STRONGROOM_MODEL_PROJECT="+SharedModel.ProjectID,
		"STRONGROOM_MODEL_LOCATION="+SharedModel.Location,
		"STRONGROOM_MODEL="+SharedModel.Model,
		"STRONGROOM_MODEL_ABUSE_LOGGING_EXEMPT="+strconv.FormatBool(SharedModel.AbuseLoggingExempt),
		"STRONGROOM_MODEL_CACHE_DISABLED="+strconv.FormatBool(SharedModel.CacheDisabled),
		"FUNCTION_TARGET="+c.Suite.Functions[function].EntryPoint,
	)
}
