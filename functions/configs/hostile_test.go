package configs_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/findings"
)

// pushBody sends the body of a push and returns git's report.
func pushBody(t *testing.T, tn *cloudtest.Tenant, body []byte) string {
	t.Helper()
	r := tn.Do(t, "builder", http.MethodPost, configPath(tn)+".git/git-receive-pack", cloudtest.Media{Type: cloudtest.PushMedia, Data: body})
	return string(r.Body)
}

// aliasBomb has aliases that expand to 10^9 values.
var aliasBomb = func() string {
	text := "apiVersion: runwhen.com/v1\nkind: ServiceLevelX\nmetadata: {name: a}\nspec:\n  a0: &a0 [x]\n"
	for n := range 9 {
		text += fmt.Sprintf("  a%d: &a%d [%s*a%d]\n", n+1, n+1, strings.Repeat(fmt.Sprintf("*a%d,", n), 9), n)
	}
	return text
}()

func TestHostilePushChangesNothing(t *testing.T) {
	t.Parallel()
	file := func(name, text string) []configtree.File { return []configtree.File{{Path: name, Data: []byte(text)}} }
	var many []configtree.File
	for n := range configtree.MaxFiles + 1 {
		many = append(many, configtree.File{Path: fmt.Sprintf("f%05d.md", n), Data: []byte("x")})
	}
	for name, test := range map[string]struct {
		files  []configtree.File
		change func([]byte) []byte // of the body; nil: nothing
	}{
		"a name with two dots":            {files: file("..", "x")},
		"a name that is one dot":          {files: file(".", "x")},
		"git's own directory":             {files: file(".git", "x")},
		"git's own directory in capitals": {files: file(".GIT", "x")},
		"git's directory on Windows":      {files: file("git~1", "x")},
		"a name with a slash":             {files: file("a/b.md", "x")},
		"a name with a backslash":         {files: file(`a\..\b.md`, "x")},
		"a name with a control character": {files: file("a\x1b[2Jb.md", "x")},
		"a name that is not UTF-8":        {files: file("a\xff.md", "x")},
		"names that are not sorted":       {files: append(file("b.md", "x"), file("a.md", "y")...)},
		"a name that appears twice":       {files: append(file("a.md", "x"), file("a.md", "y")...)},
		"names that differ in case":       {files: append(file("A.md", "x"), file("a.md", "y")...)},
		"the builder's own token file":    {files: file("uploadInfo.yaml", "token: x\n")},
		"an alias bomb":                   {files: file("a.yaml", aliasBomb)},
		"a key that appears twice":        {files: file("a.yaml", slx("a")+"spec: {}\n")},
		"more files than allowed":         {files: many},
		"a truncated pack":                {files: cloudtest.SLX("t"), change: func(b []byte) []byte { return b[:len(b)-30] }},
		"a pack with one bit changed":     {files: cloudtest.SLX("b"), change: func(b []byte) []byte { b[len(b)-40] ^= 1; return b }},
		"a pack without its checksum":     {files: cloudtest.SLX("c"), change: func(b []byte) []byte { return b[:len(b)-20] }},
		"a pack that says 200,000 objects": {files: cloudtest.SLX("n"), change: func(b []byte) []byte {
			at := bytes.Index(b, []byte("PACK")) + 8
			copy(b[at:], []byte{0, 3, 13, 64})
			return b
		}},
		"a reference that is a tag named like main": {files: cloudtest.SLX("r"), change: func(b []byte) []byte {
			return bytes.Replace(b, []byte("refs/heads/main"), []byte("refs/tags/main/"), 1)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := cloudtest.Shared(t).Tenant(t)
			tn.PushConfig(t, tn.Workspace, cloudtest.SLX("before"))
			main, stored := tn.MainOf(t, tn.Workspace), len(objects(t, tn))
			body := cloudtest.NewPush(t, main, test.files).Data
			commit := string(body[45:85])
			if tree, faults := configtree.New(test.files); len(faults) == 0 {
				review(t, tn, tree, "builder")
			}
			if test.change != nil {
				body = test.change(body)
			}
			report := pushBody(t, tn, body)
			if strings.Contains(report, "ok refs/heads/main") {
				t.Errorf("the push is accepted: %q", report)
			}
			if got := tn.MainOf(t, tn.Workspace); got != main || len(objects(t, tn)) != stored {
				t.Errorf("main is %s, was %s; %d objects, were %d", got, main, len(objects(t, tn)), stored)
			}
			notFetched(t, tn, commit)
		})
	}
}

// A scan stops after some thousand findings. What it has not looked at is not pushed, even if
// all findings have a waiver.
func TestSecretAfterManyWaivedFindingsIsNotPushed(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	files := []configtree.File{
		{Path: "a.md", Data: bytes.Repeat([]byte("ann@example.com\n"), findings.MaxFindings+1)},
		{Path: "z.yaml", Data: []byte(slx("z", "  note: "+refusedKey+"\n"))},
	}
	tree, _ := configtree.New(files)
	review(t, tn, tree, "builder", findings.Waiver{Rule: "email", Reason: "addresses of teams"})
	report := pushBody(t, tn, cloudtest.NewPush(t, tn.MainOf(t, tn.Workspace), files).Data)
	if !strings.Contains(report, "1 faults") || inEffect(t, tn) != "" {
		t.Errorf("the push is answered %q", report)
	}
}

// notFetched fails the test if somebody can fetch a commit.
func notFetched(t *testing.T, tn *cloudtest.Tenant, commit string) {
	t.Helper()
	fetch := cloudtest.Media{Type: cloudtest.FetchMedia, Data: []byte("0032want " + commit + "\n00000009done\n")}
	if r := tn.Do(t, "viewer", http.MethodPost, configPath(tn)+".git/git-upload-pack", fetch); r.Status == http.StatusOK {
		t.Errorf("commit %s is fetched", commit)
	}
}

// A crash after the pack is stored and before main moves leaves an object that no document
// lists.
func TestPackWithoutAReferenceIsNotPartOfTheRepository(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	tn.PushConfig(t, tn.Workspace, cloudtest.SLX("before"))
	files := cloudtest.SLX("crashed")
	tn.ReviewConfig(t, tn.Workspace, files)
	body := cloudtest.NewPush(t, tn.MainOf(t, tn.Workspace), files).Data
	commit, pack := string(body[45:85]), body[bytes.Index(body, []byte("PACK")):]
	sum := sha256.Sum256(pack)
	store(t, tn, string(tn.Workspace)+"/"+hex.EncodeToString(sum[:])+".pack", pack)

	notFetched(t, tn, commit)
	if files := clone(t, tn, "viewer"); !strings.Contains(files["slx.yaml"], "before") {
		t.Errorf("the clone has %v", files)
	}
	if report := pushBody(t, tn, body); !strings.Contains(report, "ok refs/heads/main") {
		t.Errorf("the same push again: %q", report)
	}
	if report := pushBody(t, tn, body); strings.Contains(report, "ok refs/heads/main") || tn.MainOf(t, tn.Workspace) != commit {
		t.Errorf("a repeated push: %q", report)
	}
}

// store creates an object in the tenant's bucket of configurations, as the function does.
func store(t *testing.T, tn *cloudtest.Tenant, name string, data []byte) {
	t.Helper()
	config := tn.Cloud.Operator.Config
	client, err := storage.NewClient(t.Context(), option.WithEndpoint("http://"+config.StorageHost+"/storage/v1/"), option.WithHTTPClient(&http.Client{Transport: config.Transport()}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	w := client.Bucket(tn.ConfigsBucket).Object(name).NewWriter(t.Context())
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDisabledKeyStopsAPushInTheMiddle(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	w := pushed(t, tn)
	w.write(t, "slxs/api/slx.yaml", slx("second"))
	tree := w.commit(t)
	review(t, tn, tree, "builder")
	main, stored := tn.MainOf(t, tn.Workspace), len(objects(t, tn))
	tn.Cloud.SetKeyState(t, tn.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	w.refused(t, "key", "origin", "main")
	tn.Cloud.SetKeyState(t, tn.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	if got := tn.MainOf(t, tn.Workspace); got != main || len(objects(t, tn)) != stored {
		t.Errorf("main is %s, was %s", got, main)
	}
	w.want(t, "push", "origin", "main")
	if got := inEffect(t, tn); got != tree.Digest().String() {
		t.Error("the push is not in effect after the key is enabled")
	}
}
