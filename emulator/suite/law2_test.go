package suite_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/proto"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

const canary = "canary-7f3b9c52-in-the-output"

// spellings returns the encodings in which the canary could be stored, by name.
func spellings(t *testing.T) map[string][]byte {
	t.Helper()
	return spellingsOf(t, canary)
}

// spellingsOf returns the encodings of a text, by name.
func spellingsOf(t *testing.T, text string) map[string][]byte {
	t.Helper()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{
		"raw": []byte(text), "hex": []byte(hex.EncodeToString([]byte(text))), "gzip": zipped.Bytes()[10 : zipped.Len()-8],
	}
	for shift := range 3 { // base64 depends on the offset within groups of three bytes
		shifted := append(bytes.Repeat([]byte{'.'}, shift), text...)
		for name, encoding := range map[string]*base64.Encoding{"std": base64.RawStdEncoding, "url": base64.RawURLEncoding} {
			encoded := encoding.EncodeToString(shifted)
			all[fmt.Sprintf("base64 %s, shifted by %d", name, shift)] = []byte(encoded[4*((shift+2)/3) : len(encoded)-4])
		}
	}
	return all
}

// messages gathers what is published.
type messages struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (m *messages) observe(topic string, data []byte, attributes map[string]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fmt.Fprintln(&m.all, topic, string(data), attributes)
}

func (m *messages) text() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.all.Bytes())
}

// TestLaw2NeverStored reads output in every way, and searches for it everywhere
// except in the bucket's responses.
func TestLaw2NeverStored(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	var published messages
	c.PubSub.OnPublish(published.observe)
	useOutputsEveryWay(t, c)

	places := map[string][]byte{"the messages": published.text(), "the logs": []byte(c.Log.String())}
	if c.Firestore != nil {
		c.Firestore.Walk(func(_, document string, fields map[string]*firestorepb.Value) bool {
			raw, err := proto.Marshal(&firestorepb.MapValue{Fields: fields})
			if err != nil {
				t.Error(err)
			}
			places["the document "+document] = raw
			return true
		})
	}
	onDisk(t, c.GCS.Root(), places)
	if len(places) < 10 {
		t.Fatalf("only %d places were searched", len(places))
	}
	for place, text := range places {
		for name, spelling := range spellings(t) {
			if bytes.Contains(text, spelling) {
				t.Errorf("%s contains the canary, %s", place, name)
			}
		}
	}
}

// onDisk adds every file below root.
func onDisk(t *testing.T, root string, places map[string][]byte) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		places["the file "+path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// useOutputsEveryWay uploads the canary in every spelling, lists it, reads it, and
// fails to read it.
func useOutputsEveryWay(t *testing.T, c *cloudtest.Cloud) {
	t.Helper()
	tn, id := c.Tenant(t), cloudtest.NewRun(t)
	var text []byte
	for _, spelling := range spellings(t) {
		text = append(append(text, spelling...), '\n')
	}
	for i := range 2 {
		p := cloudtest.PartOf("stdout.log", i+1, text)
		if i == 1 {
			p.Lines = nil
		}
		tn.Mint(t, id, p)[0].Put(t, text).Want(t, http.StatusOK)
	}
	tn.Mint(t, id, cloudtest.PartOf("rejected.log", 1, text))[0].Put(t, append(text, canary...))
	c.Drain(t)
	path := tn.RunPath(id) + "/outputs"
	read := func(persona, path string, want int, header ...string) {
		t.Helper()
		got := tn.Do(t, persona, http.MethodGet, path, nil, header...).Want(t, want)
		if want/100 == 2 && strings.Contains(path, "stdout.log") && !bytes.Contains(got.Body, []byte(canary)) {
			t.Errorf("%s does not show the canary", path)
		}
	}
	read("viewer", path, http.StatusOK)
	read("viewer", path+"/stdout.log", http.StatusOK)
	read("viewer", path+"/stdout.log?lines=1-200", http.StatusOK)
	read("viewer", path+"/stdout.log", http.StatusPartialContent, "Range", "bytes=0-")
	read("viewer", path+"/stdout.log", http.StatusRequestedRangeNotSatisfiable, "Range", fmt.Sprintf("bytes=%d-", 2*len(text)))
	read("runner", path+"/stdout.log", http.StatusForbidden)
	holder := keyAdminOf(t, tn)
	holder.set(t, kmspb.CryptoKeyVersion_DISABLED)
	read("viewer", path+"/stdout.log", http.StatusForbidden)
	read("viewer", path+"/stdout.log?lines=1-", http.StatusForbidden)
}

// TestLaw2NeverStoredInMemoryOrTemporaryFiles reads 64 MiB and checks that little
// memory is allocated and no file is created. It does not run in parallel, because it
// measures.
func TestLaw2NeverStoredInMemoryOrTemporaryFiles(t *testing.T) {
	temporary := t.TempDir()
	c := cloudtest.New(t, suite.Options{})
	tn, id := c.Tenant(t), cloudtest.NewRun(t)
	piece := bytes.Repeat([]byte("0123456789abcde\n"), 8<<20/16)
	var parts [][]byte
	for range 8 {
		parts = append(parts, piece)
	}
	tn.Store(t, id, "big.log", parts...)
	t.Setenv("TMPDIR", temporary)
	token := tn.Token(t, "viewer")
	take(t, c, token, tn.RunPath(id), 0) // creates pools and connections

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range 8 {
		take(t, c, token, tn.RunPath(id), i)
	}
	runtime.ReadMemStats(&after)
	// The clients and servers on both ends also allocate, some hundred KiB per view.
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("64 MiB of views allocate %d MiB", grown>>20)
	}
	files, err := os.ReadDir(temporary)
	if err != nil || len(files) > 0 {
		t.Errorf("temporary files exist: %v %v", files, err)
	}
}

// take reads the i-th 8 MiB and discards them.
func take(t *testing.T, c *cloudtest.Cloud, token, run string, i int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL+run+"/outputs/big.log", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Range", fmt.Sprintf("bytes=%d-", i*8<<20))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if n, err := io.Copy(io.Discard, answer.Body); err != nil || n != 8<<20 {
		t.Errorf("view %d: %d bytes, %v", i, n, err)
	}
}
