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

// Canary is a text that must not appear anywhere unencrypted.
type Canary struct {
	Text  string
	cloud *Cloud

	mu       sync.Mutex
	messages bytes.Buffer
}

// Watch starts to record every published message, for Search.
func (c *Cloud) Watch(text string) *Canary {
	canary := &Canary{Text: text, cloud: c}
	c.PubSub.OnPublish(func(topic string, data []byte, attributes map[string]string) {
		canary.mu.Lock()
		defer canary.mu.Unlock()
		encoded, _ := json.Marshal(attributes) // a map of strings always encodes
		fmt.Fprintf(&canary.messages, "%s %s %s\n", topic, data, encoded)
	})
	return canary
}

// Search fails the test if the text is in a document or its name, in the
// functions' log, in a message or in one of the texts, as it is, in base64 or in
// hex. It returns the number of documents that it searched.
func (k *Canary) Search(t testing.TB, texts ...string) (documents int) {
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
	for _, text := range texts {
		k.find(t, "a text of the test", []byte(text))
	}
	return documents
}

func (k *Canary) find(t testing.TB, where string, text []byte) {
	t.Helper()
	for _, encoding := range k.encodings() {
		if at := bytes.Index(text, []byte(encoding)); at >= 0 {
			t.Errorf("%s contains the canary: %.200q", where, text[at:])
		}
	}
}

// encodings returns the text in the forms that Search finds.
func (k *Canary) encodings() []string {
	raw := []byte(k.Text)
	all := []string{k.Text, hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw))}
	for cut := range 3 { // base64 depends on the offset within groups of three bytes
		whole := raw[cut : len(raw)-(len(raw)-cut)%3]
		all = append(all, base64.StdEncoding.EncodeToString(whole), base64.URLEncoding.EncodeToString(whole))
	}
	return all
}
