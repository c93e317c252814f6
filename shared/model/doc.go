// Package model is the gateway to language models. It is the only package that may
// import a model client.
//
// A function passes a typed payload of package prompt:
//
//	answer, err := gateway.Send(ctx, model.Request{
//		Tenant: s.Tenant, DB: s.DB, Workspace: s.Workspace, Actor: auditlog.By(s.Principal),
//		Payload: prompt.Explanation{Issue: …},
//	})
//
// What happens then, in this order:
//
//  1. The payload is encoded within the feature's limit, and the client builds the HTTP
//     request. Nothing is sent yet.
//  2. The transport reads the exact body and hashes it. One transaction reads both halves
//     of the consent and verifies them, counts the request against the limits, and writes
//     the entry models.send. Without consent, key or ledger, nothing is sent.
//  3. The transport sends that body once: it refuses a second request, a redirect, and
//     another address. After SendWindow from the time when the consents were read, it
//     hands no more bytes to the connection.
//  4. The answer is bounded in bytes and time. An entry models.end records its status,
//     tokens and digest.
//
// A refusal is a *consent.Refusal with a stable code. The answer is untrusted text: show
// it as text, never run it, and do not make its links load.
//
// Nothing here logs a request, an answer, or an error of the client: it may contain both.
//
// infra/adr/0031-one-gateway-to-models.md has the reasons.
package model
