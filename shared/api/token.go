package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
)

// pageToken says where a page ended, and for which query. It grants no access: a
// request with a token is authorized like any other.
type pageToken[P any] struct {
	Position P      `json:"p"`
	Query    []byte `json:"k"` // hash of the query
}

// Token returns the opaque text for the position where a page ended. The token is
// valid only for the query that key describes.
func Token[P any](position P, key string) string {
	text, _ := json.Marshal(pageToken[P]{position, shortHash(key)}) // IDs and numbers always encode
	return base64.RawURLEncoding.EncodeToString(text)
}

// ParseToken returns the position of a token that Token returned for the same key.
// For an empty text it returns the zero position.
func ParseToken[P any](text, key string) (position P, err error) {
	if text == "" {
		return position, nil
	}
	invalid := Refuse(http.StatusBadRequest, PageTokenText,
		Fault{Message: "use the nextPageToken of the previous page, and change nothing else", Location: "query.pageToken"})
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return position, invalid
	}
	var t pageToken[P]
	if Decode(raw, &t) != nil || string(t.Query) != string(shortHash(key)) {
		return position, invalid
	}
	return t.Position, nil
}

func shortHash(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:12]
}
