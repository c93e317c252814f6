package auditverify

import (
	"sync"

	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

// WithNoteCache returns options with which the signatures of the same note are
// verified once for the same keys. A test that changes one file a hundred thousand
// times would otherwise verify the same signatures each time.
func (o Options) WithNoteCache() Options {
	var opened sync.Map
	o.openNote = func(signed []byte, keys []noteverify.Key) (noteverify.Note, error) {
		id := string(signed)
		for _, k := range keys {
			id += "\n" + k.Text
		}
		if n, ok := opened.Load(id); ok {
			return n.(noteverify.Note), nil
		}
		n, err := noteverify.Open(signed, keys)
		if err == nil {
			opened.Store(id, n)
		}
		return n, err
	}
	return o
}
