package suite

// FunctionEnviron returns the environment of a process that runs a function
// under its own service account, in the form of os.Environ. It contains the
// account's token, and what the platform and Terraform set in production.
func (c *Cloud) FunctionEnviron(function string) []string {
	return append(c.Environ(FunctionAccount(function)),
		"STRONGROOM_AUDIENCE="+Audience,
		"STRONGROOM_AUDIT_KEY="+auditKey,
		"FUNCTION_TARGET="+c.Suite.Functions[function].EntryPoint,
	)
}
