// Package consent defines what a tenant and the platform can agree to: that a feature
// sends data to a language model at a destination.
//
// A consent is for a tenant, or for one of its workspaces, and for a feature at a
// destination. It has two halves. An admin of the tenant submits one, and
// the platform's staff submit the other. A consent is in effect while both halves are active, and only
// then. Nothing is agreed to by default.
//
// For example, explain-issue may send issues of acme's workspace prod to acme's own
// endpoint while both of these are active, and were given by two persons:
//
//	tenant half    by ada@acme.example, until 2027-03-01, agreed to text v1-0123456789ab
//	platform half  by staff-7, until 2027-01-01, agreed to text v1-0123456789ab
//
// The text names the endpoint, its settings and every field that can be sent. If one of
// these changes, the text has another version, and both halves must be given again.
//
// Features is the table of features. Package prompt has what each of them sends, and
// infra/adr/0030-two-halves.md the reasons.
package consent
