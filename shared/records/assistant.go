package records

// Assistant is an assistant's settings.
type Assistant struct {
	Name      []byte  `firestore:"name" class:"text"` // display name, sealed
	Relevance float64 `firestore:"relevance" class:"configuration"`
	Access    string  `firestore:"access" class:"configuration"` // read-only or read-write: which tasks it may suggest
}
