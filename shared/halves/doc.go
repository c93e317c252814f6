// Package halves stores the halves of consents, signs them and verifies them.
//
// The documents of a tenant:
//
//	consents/{feature}.{destination}[.{workspace}]  the newest half of each side, as signed notes
//	consentHalves/{half}                            every half that was ever given
//	consentEnds/{half}                              when and why a half ended before its end date
//	consentTexts/{version}                          every text that was agreed to
//
// A half has an effect if all of these are true:
//
//   - Its note is signed by the platform's consent key. Only the function consents may
//     sign with it (infra/suite.json).
//   - Its statement names this tenant, workspace, feature, destination and side. A half
//     that is copied to another place has no effect.
//   - No document consentEnds/{half} exists, whatever is in it. A function whose account
//     may write documents and delete none cannot undo a withdrawal.
//   - Its end date is in the future, and its text is the current one.
//
// A Reading reads halves in the caller's transaction, so a withdrawal and a send cannot
// pass each other.
package halves
