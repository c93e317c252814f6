package exportcopy_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/exportcopy"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/shared/manifest"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

const exportID = "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31"

// platform is an export that a test signs itself, so that it can be wrong in every
// way, and a server that has it.
type platform struct {
	keys    string // verifier keys
	log     note.Signer
	signer  note.Signer
	server  *httptest.Server
	perPage int // files on a page

	mu      sync.Mutex
	objects map[string][]byte
	files   map[string]manifest.File // as the pages show them
	names   []string                 // in the order of the pages
	gets    map[string]int           // of each object
	serve   func(name string, w http.ResponseWriter, r *http.Request) bool
}

func newPlatform(t testing.TB) *platform {
	t.Helper()
	p := &platform{perPage: 3, objects: map[string][]byte{}, files: map[string]manifest.File{}, gets: map[string]int{}}
	p.signer = p.newSigner(t, "platform.example.com/v1/tenants/acme/exports")
	p.log = p.newSigner(t, "platform.example.com/v1/tenants/acme/audit/log")
	p.server = httptest.NewServer(http.HandlerFunc(p.handle))
	t.Cleanup(p.server.Close)
	return p
}

func (p *platform) newSigner(t testing.TB, name string) note.Signer {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	p.keys += public + "\n"
	return signer
}

// handle serves pages of files, and objects.
func (p *platform) handle(w http.ResponseWriter, r *http.Request) {
	if name, ok := strings.CutPrefix(r.URL.Path, "/bucket/"); ok {
		p.mu.Lock()
		data, ok := p.objects[name]
		p.gets[name]++
		serve := p.serve
		p.mu.Unlock()
		if serve != nil && serve(name, w, r) {
			return
		}
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	first := 0
	_, _ = fmt.Sscan(r.URL.Query().Get("pageToken"), &first)
	last := min(first+p.perPage, len(p.names))
	page := map[string]any{}
	if last < len(p.names) {
		page["nextPageToken"] = fmt.Sprint(last)
	}
	files := []map[string]any{}
	for _, name := range p.names[first:last] {
		f := p.files[name]
		files = append(files, map[string]any{
			"name": name, "size": f.Size, "crc32c": f.CRC32C, "sha256": f.SHA256,
			"url": p.server.URL + "/bucket/" + name + "?X-Goog-Signature=x", "expires": time.Now(),
		})
	}
	page["files"] = files
	_ = json.NewEncoder(w).Encode(page)
}

func fileOf(name string, data []byte) manifest.File {
	sum := sha256.Sum256(data)
	crc := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return manifest.File{
		Name: name, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:]),
		CRC32C: base64.StdEncoding.EncodeToString([]byte{byte(crc >> 24), byte(crc >> 16), byte(crc >> 8), byte(crc)}),
	}
}

// object adds an object, and returns how a list names it.
func (p *platform) object(name string, data []byte) manifest.File {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.objects[name] = data
	p.names = append([]string{name}, p.names...) // the manifest is on the last page
	p.files[name] = fileOf(name, data)
	return p.files[name]
}

// part adds a part of an output of the file that begins with the part first.
func (p *platform) part(output string, first, number int, offset int64, data []byte) manifest.File {
	object := fmt.Sprintf("prod/run/%s/%05d", output, number)
	f := p.object(manifest.Parts+object, data)
	assembled := manifest.Outputs + "prod/run/" + output
	if first > 1 {
		assembled += fmt.Sprintf("@%05d", first)
	}
	f.Part = &manifest.Part{
		Workspace: "prod", Run: "run", Output: output, Part: number, Generation: 1, Checksum: manifest.SHA256,
		Path: assembled, Offset: offset,
	}
	return f
}

// list adds a list that names files.
func (p *platform) list(t testing.TB, files ...manifest.File) manifest.File {
	t.Helper()
	var lines bytes.Buffer
	zip := gzip.NewWriter(&lines)
	for _, f := range files {
		if err := json.NewEncoder(zip).Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lines.Bytes())
	return p.object(manifest.Lists+manifest.ShortDigest(sum[:])+".jsonl.gz", lines.Bytes())
}

// sign adds the manifest that names lists, and its note.
func (p *platform) sign(t testing.TB, lists ...manifest.File) {
	t.Helper()
	entry := `{"action":"exports.create","resource":"exports/` + exportID + `","tenant":"acme"}`
	root := tlog.RecordHash([]byte(entry))
	checkpoint := note.Note{Text: fmt.Sprintf("%s\n1\n%s\n", p.log.Name(), base64.StdEncoding.EncodeToString(root[:]))}
	signed, err := note.Sign(&checkpoint, p.log)
	if err != nil {
		t.Fatal(err)
	}
	m := manifest.Manifest{
		Format: manifest.Format, Tenant: "acme", Export: exportID, Kinds: []string{"outputs"}, Lists: lists, Proves: manifest.Proof,
		Log: manifest.Log{Size: 1, End: 1, Entry: entry, Proof: string(proof.TLogProof{Checkpoint: signed}.Marshal())},
	}
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(text)
	signedNote, err := note.Sign(&note.Note{Text: manifest.NoteText(p.signer.Name(), exportID, digest[:])}, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	manifestName, noteName := manifest.Names(digest[:])
	p.object(manifestName, text)
	p.object(noteName, signedNote)
}

// puller returns a puller of the export.
func (p *platform) puller(t testing.TB, dir string) exportcopy.Puller {
	t.Helper()
	client, err := api.New(api.Config{URL: p.server.URL, Token: func() (secret.String, error) { return secret.New("token"), nil }})
	if err != nil {
		t.Fatal(err)
	}
	return exportcopy.Puller{
		Dir: dir, Export: exportID, Parallel: 4, Retry: retry.Policy{For: time.Minute, First: time.Millisecond},
		FetchKeys: func(context.Context) ([]byte, error) { return []byte(p.keys), nil },
		Files: func(ctx context.Context, token string) (api.ExportFilePage, error) {
			return client.ExportFiles(ctx, exportID, token)
		},
		Read: client.ReadObject, Expect: func(int64) {}, Moved: func(int64) {},
	}
}

// verify returns the problems of a copy.
func (p *platform) verify(t testing.TB, dir string) []manifest.Problem {
	t.Helper()
	report, err := manifest.Verify(dirFS(dir), p.parsedKeys(t))
	if err != nil {
		t.Fatal(err)
	}
	return report.Problems
}

func (p *platform) parsedKeys(t testing.TB) manifest.Keys {
	t.Helper()
	keys, err := manifest.ParseKeys(p.keys)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// fetched returns how many GETs there were of objects with a prefix.
func (p *platform) fetched(prefix string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, gets := range p.gets {
		if strings.HasPrefix(name, prefix) {
			n += gets
		}
	}
	return n
}
