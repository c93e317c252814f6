// Package findings finds what should not leave a customer's network in a
// configuration: secrets, and personal data.
//
// The same rules run in the customer's network, before anything is uploaded, and in
// the function that receives the upload. A finding has the file, the line, the field
// and the rule. Its excerpt shows at most four characters of what was found.
//
// The rules look at every key, every value and every comment of a document, at the
// text of other files, and into base64 (twice, for a value that was encoded twice).
// A rule that looks at the name of a field also knows the name of the variable: in
//
//	configProvided:
//	  - name: API_KEY
//	    value: 0f8a3c…
//
// the value is found because of its name. No comment silences a rule, no path is
// skipped, and no rule makes a call. A finding is fixed, or it is waived with a
// reason in the review of the exact tree.
//
// infra/adr/0035-our-own-rules-for-findings.md says why there is no library.
package findings
