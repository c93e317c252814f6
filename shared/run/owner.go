package run

// Owner is the identity that wrote to a run first. Only the owner may change the
// run. The zero Owner is that of a run that was recorded before owners were; the
// next identity that writes to it becomes its owner.
type Owner struct {
	Issuer  string `firestore:"issuer" class:"metadata"`  // exact `iss` of the token
	Subject string `firestore:"subject" class:"metadata"` // exact `sub` of the token

	// Group identifies the issuer's trust rule whose runners share their runs. It
	// is empty if the rule of the owner does not share runs.
	Group string `firestore:"group" class:"operational"`
}

// Known reports whether the run has an owner.
func (o Owner) Known() bool { return o.Subject != "" }

// Admits reports whether by may change a run that o owns: by is the same identity,
// or a rule lets both share their runs.
func (o Owner) Admits(by Owner) bool {
	return !o.Known() || (o.Issuer == by.Issuer && (o.Subject == by.Subject || (o.Group != "" && o.Group == by.Group)))
}
