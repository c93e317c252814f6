package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
)

// pageToken says where a page ended, and for which question. It gives nobody
// anything: whoever asks with it is judged as ever.
type pageToken[P any] struct {
	Place P      `json:"p"`
	Key   []byte `json:"k"`
}

// Token is the opaque text for a place where a page ended. Key is the question
// that it is good for.
func Token[P any](place P, key string) string {
	text, _ := json.Marshal(pageToken[P]{place, shortened(key)}) // ids and numbers can be encoded
	return base64.RawURLEncoding.EncodeToString(text)
}

// ParseToken reads what Token gave for the same key; of an empty text it gives
// the zero place.
func ParseToken[P any](text, key string) (place P, err error) {
	if text == "" {
		return place, nil
	}
	refused := Refuse(http.StatusUnprocessableEntity, "the page token is not of this question; ask without it first",
		Fault{Message: "take nextPageToken of the page before, and change nothing else", Location: "query.pageToken"})
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return place, refused
	}
	var t pageToken[P]
	if Decode(raw, &t) != nil || string(t.Key) != string(shortened(key)) {
		return place, refused
	}
	return t.Place, nil
}

func shortened(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:12]
}
