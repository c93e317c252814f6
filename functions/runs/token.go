package runs

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/strongroom-dev/strongroom/shared/api"
)

// pageToken says where a page ended, and for which question. It gives nobody
// anything: whoever asks with it is judged as ever.
type pageToken[P any] struct {
	Place P      `json:"p"`
	Key   []byte `json:"k"`
}

// token is the opaque text for a place.
func token[P any](place P, key string) string {
	text, _ := json.Marshal(pageToken[P]{place, short(key)}) // ids and numbers can be encoded
	return base64.RawURLEncoding.EncodeToString(text)
}

// parseToken reads what token gave for the same key; of an empty text it gives
// the zero place.
func parseToken[P any](text, key string) (place P, err error) {
	if text == "" {
		return place, nil
	}
	refused := api.Refuse(http.StatusUnprocessableEntity, "the page token is not of this question; ask without it first",
		api.Fault{Message: "take nextPageToken of the page before, and change nothing else", Location: "query.pageToken"})
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return place, refused
	}
	var t pageToken[P]
	if api.Decode(raw, &t) != nil || string(t.Key) != string(short(key)) {
		return place, refused
	}
	return t.Place, nil
}

func short(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:12]
}
