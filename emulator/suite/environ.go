package suite

import "strings"

// FunctionEnviron returns the environment of a process that runs a function
// under its own service account, in the form of os.Environ. It contains the
// account's token, and what the platform and Terraform set in production.
func (c *Cloud) FunctionEnviron(function string) []string {
	return append(c.Environ(FunctionAccount(function)),
		"STRONGROOM_AUDIENCE="+Audience,
		"STRONGROOM_AUDIT_KEY="+auditKey,
		"STRONGROOM_LOG_KEY="+logKey,
		"STRONGROOM_HOST="+strings.TrimPrefix(c.URL, "http://"),
		"STRONGROOM_PLATFORM_AUDIT_BUCKET="+auditBucket,
		"FUNCTION_TARGET="+c.Suite.Functions[function].EntryPoint,
	)
}
