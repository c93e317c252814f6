// Package tenants lets an admin say who may read a workspace. This is the rest of doc.go.
//
// # Members
//
// A user with the role viewer reads the workspaces that the user is a member of. All other roles
// need no membership. To add a member is safe to repeat:
//
//	{"issuer": "https://accounts.google.com", "subject": "108…"}
//
// The tenant must trust the issuer. The answer, and each element of a list, is
//
//	{"id": "9f86d0…", "issuer": "https://accounts.google.com", "subject": "108…", "owner": "api",
//	 "added": "2026-11-29T12:00:00Z", "entry": "0198…"}
//
// "id" is the SHA-256 of the issuer, a zero byte and the subject. Lists are in the order of IDs and
// have the parameters pageSize (1 to 200, default 50) and pageToken.
//
// Both take effect with the user's next request. The removal answers with the member as it was.
// The owner of a member is who has added it: Terraform or the API. Each keeps what the other has
// added. Only Terraform removes its own members (terraform-owned), and only Terraform adds and
// removes workspaces: a membership has no effect without its workspace. The API adds members
// until a workspace has 1,000. Admins follow from rules and not from memberships, so the last
// admin cannot be removed here. See infra/adr/0057-members-over-the-api.md.
//
// # Trust rules
//
// A rule assigns a role to the tokens of an issuer that have certain claims. Terraform trusts
// issuers, with their keys and client IDs, and has rules of its own. The API only adds rules to
// issuers that Terraform trusts, and removes those that it has added:
//
//	{"token": "eyJ…", "rule": {"issuer": "https://accounts.google.com", "role": "viewer",
//	 "claims": [{"name": "sub", "value": "108…"}]}}
//
// For each issuer, the rules of Terraform are tried first, and then those of the API in the
// order in which they were added. The first one that matches applies. So a rule of the API
// takes no role from anybody, its author included.
//
//   - A rule is saved only if it assigns a role to the token of the request now. POST
//     /v1/tenant/trust/test tries it before, without saving it, and lists for each rule the claims
//     that are absent or different. The verifier of all requests decides both.
//   - A rule has the claim sub, so it is for one person or one program. Terraform has the rules for
//     several.
//   - It assigns one of the roles runner, viewer, auditor and admin. A builder and an admin decide
//     together what runs, so only Terraform makes builders.
//   - An admin by a rule of the API may be a second account of the admin who added it. Such an
//     admin confirms a destruction of the key only after 24 hours, lifts no hold, and approves no
//     configuration.
//   - Nobody removes the rule to which they owe their own role, so an admin always stays.
//   - If Terraform trusts an issuer with several key sets, the API adds no rules to it, and those
//     that it has added have no effect. "problem" says so.
//
// The token is not stored, not logged, and not in the answer. An addition and a removal take
// effect within a minute: "everyone" has the time. See infra/adr/0059-trust-rules-over-the-api.md.
package tenants
