package cloud

// Environ is the environment of a process that runs a function as its own
// service account, in the form of os.Environ: what the platform and Terraform
// set in production. It holds the account's token.
func (c *Cloud) Environ(function string) []string {
	as := c.As(FunctionAccount(function))
	return []string{
		"GOOGLE_CLOUD_PROJECT=" + as.ProjectID,
		"FIRESTORE_EMULATOR_HOST=" + as.FirestoreHost,
		"STORAGE_EMULATOR_HOST=" + as.StorageHost,
		"PUBSUB_EMULATOR_HOST=" + as.PubSubHost,
		"KMS_EMULATOR_HOST=" + as.KMSHost,
		"IAM_CREDENTIALS_EMULATOR_HOST=" + as.IAMCredentialsHost,
		"EMULATOR_ACCESS_TOKEN=" + as.AccessToken.Reveal(),
		"STRONGROOM_AUDIENCE=" + Audience,
		"STRONGROOM_AUDIT_KEY=" + auditKey,
		"FUNCTION_TARGET=" + c.Suite.Functions[function].EntryPoint,
	}
}
