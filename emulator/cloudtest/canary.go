package cloudtest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/protobuf/proto"
)

// Canary is a text that must be found nowhere in the clear.
type Canary struct {
	Text  string
	cloud *Cloud

	mu       sync.Mutex
	messages bytes.Buffer
}

// Watch begins to keep all that is published, for the search.
func (c *Cloud) Watch(text string) *Canary {
	canary := &Canary{Text: text, cloud: c}
	c.PubSub.Published(func(topic string, data []byte, attributes map[string]string) {
		canary.mu.Lock()
		defer canary.mu.Unlock()
		named, _ := json.Marshal(attributes) // texts can be encoded
		fmt.Fprintf(&canary.messages, "%s %s %s\n", topic, data, named)
	})
	return canary
}

// Search fails the test where the text is in a document or its name, in the
// functions' log, in a message, or in what else was said; plain, in base64 or in
// hex. It gives the number of documents it looked into.
func (k *Canary) Search(t testing.TB, said ...string) (documents int) {
	t.Helper()
	k.cloud.Firestore.Walk(func(_, document string, fields map[string]*firestorepb.Value) bool {
		documents++
		wire, err := proto.Marshal(&firestorepb.Document{Name: document, Fields: fields})
		if err != nil {
			t.Fatal(err)
		}
		k.find(t, "the document "+document, wire)
		return true
	})
	k.mu.Lock()
	defer k.mu.Unlock()
	k.find(t, "a message", k.messages.Bytes())
	k.find(t, "the log", []byte(k.cloud.Log.String()))
	for _, text := range said {
		k.find(t, "what was said", []byte(text))
	}
	return documents
}

func (k *Canary) find(t testing.TB, where string, text []byte) {
	t.Helper()
	for _, shape := range k.shapes() {
		if at := bytes.Index(text, []byte(shape)); at >= 0 {
			t.Errorf("%s has the canary: %.200q", where, text[at:])
		}
	}
}

// shapes are the text as it could be hidden.
func (k *Canary) shapes() []string {
	raw := []byte(k.Text)
	all := []string{k.Text, hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw))}
	for cut := range 3 { // base64 of it, wherever it begins
		whole := raw[cut : len(raw)-(len(raw)-cut)%3]
		all = append(all, base64.StdEncoding.EncodeToString(whole), base64.URLEncoding.EncodeToString(whole))
	}
	return all
}
