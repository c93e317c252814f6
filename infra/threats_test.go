package infra_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/infra"
)

// effect is what a holder of a role on a kind of resource can do with it. An empty
// field means nothing.
type effect struct {
	reads   string
	writes  string // what the holder can create, change or forge
	deletes string
}

// effects has each role of suite.json, as "ROLE on KIND". Like suite.json, it says
// "tenant." for what the account may do for each tenant.
var effects = map[string]effect{
	"strongroom.documentWriter on database": {
		reads:  "names, states and sealed values of all tenants",
		writes: "any document, audit entries included",
	},
	"roles/datastore.user on database": {
		reads:   "names, states and sealed values of all tenants",
		writes:  "any document, audit entries included",
		deletes: "any document, audit entries included",
	},
	"strongroom.documentWriter on tenant.database": { // the same functions, so the table does not say it twice
		reads:  "names, states and sealed values of all tenants",
		writes: "any document, audit entries included",
	},
	"roles/datastore.user on tenant.database": {
		reads:   "names, states and sealed values of all tenants",
		writes:  "any document, audit entries included",
		deletes: "any document, audit entries included",
	},
	"roles/datastore.user on directory": {
		reads:   "the record of every tenant",
		writes:  "the record, trust and members of every tenant, and who is staff",
		deletes: "the record of every tenant",
	},
	"strongroom.keyAdministrator on tenant.key": {
		reads:   "what is sealed with any tenant's key",
		writes:  "values sealed with any tenant's key, the state of its versions, and who may use it",
		deletes: "any tenant's key, after the days in which it can be restored",
	},
	"roles/datastore.viewer on directory":                      {reads: "the record of every tenant"},
	"roles/cloudkms.cryptoKeyEncrypterDecrypter on auditKey":   {reads: "what is sealed with the audit key", writes: "values sealed with the audit key"},
	"roles/cloudkms.cryptoKeyEncrypter on auditKey":            {writes: "values sealed with the audit key"},
	"roles/cloudkms.cryptoKeyDecrypter on auditKey":            {reads: "what is sealed with the audit key"},
	"roles/cloudkms.cryptoKeyEncrypterDecrypter on tenant.key": {reads: "what is sealed with any tenant's key", writes: "values sealed with any tenant's key"},
	"strongroom.blobSigner on tenant.signingAccount":           {writes: "new objects in every tenant's bucket, with any size and type and without a grant"},
	"roles/cloudkms.signer on tenant.signingKey":               {writes: "upload URLs of tenants that sign with a KMS key"},
	"roles/storage.legacyObjectReader on tenant.outputsBucket": {reads: "output of every tenant, by its name"},
	"roles/storage.objectCreator on tenant.outputsBucket":      {writes: "new objects in the bucket of its tenant"},
	"roles/pubsub.publisher on topic.run-events":               {writes: "events of runs, which cause work and change no result"},
	"roles/pubsub.publisher on topic.object-events":            {writes: "notifications of objects, which mark grants as stored or disputed"},
	"roles/pubsub.publisher on topic.replayed-run-events":      {writes: "replayed events of runs, which cause work and change no result"},
	"roles/pubsub.publisher on topic.replayed-object-events":   {writes: "replayed notifications of objects, which mark grants as stored or disputed"},
	"roles/pubsub.subscriber on deadLetters.run-events":        {reads: "dead letters", deletes: "dead letters"},
	"roles/pubsub.subscriber on deadLetters.object-events":     {reads: "dead letters", deletes: "dead letters"},
	"roles/cloudkms.cryptoKeyEncrypter on tenant.key":          {writes: "values sealed with any tenant's key"},
	"roles/cloudkms.cryptoKeyDecrypter on tenant.key":          {reads: "what is sealed with any tenant's key"},
	"roles/cloudkms.signer on manifestKey":                     {writes: "false manifests of exports"},
	"roles/cloudkms.publicKeyViewer on manifestKey":            {},
	"roles/cloudkms.viewer on manifestKey":                     {},
	"roles/cloudkms.signer on certificateKey":                  {writes: "false certificates of offboardings"},
	"roles/cloudkms.publicKeyViewer on certificateKey":         {},
	"roles/cloudkms.viewer on certificateKey":                  {},
	"strongroom.keyDestroyer on tenant.key":                    {deletes: "any tenant's key, after the days in which it can be restored"},
	"strongroom.objectEraser on tenant.outputsBucket":          {reads: "the names of all outputs", deletes: "every tenant's outputs, but those under retention or an object hold"},
	"strongroom.objectEraser on tenant.configsBucket":          {reads: "the names of all packs", deletes: "every tenant's packs, but those under an object hold"},
	"strongroom.objectEraser on tenant.exportsBucket":          {reads: "the names of all files of exports", deletes: "every tenant's exports, but those under retention or an object hold"},
	"strongroom.bucketVerifier on tenant.outputsBucket":        {reads: "the settings of every tenant's bucket for output"},
	"strongroom.objectHolder on tenant.outputsBucket":          {reads: "the names of all outputs", writes: "holds and metadata of every tenant's outputs"},
	"strongroom.objectHolder on tenant.configsBucket":          {reads: "the names of all packs", writes: "holds and metadata of every tenant's packs"},
	"strongroom.objectHolder on tenant.exportsBucket":          {reads: "the names of all files of exports", writes: "holds and metadata of every tenant's exports"},
	"strongroom.blobSigner on exportReader":                    {reads: "the files of every tenant's exports, by their names"},
	"roles/storage.legacyObjectReader on tenant.configsBucket": {reads: "the configurations of every tenant's workspaces, by the names of their packs"},
	"roles/storage.objectCreator on tenant.configsBucket":      {writes: "new objects in every tenant's configs bucket; a pack takes effect only if the repository's document lists it"},
	"roles/storage.legacyObjectReader on tenant.exportsBucket": {reads: "the files of every tenant's exports, by their names"},
	"strongroom.bucketVerifier on tenant.exportsBucket":        {reads: "the settings of every tenant's exports bucket"},
	"roles/storage.objectCreator on tenant.exportsBucket":      {writes: "new objects in every tenant's exports bucket"},
	"roles/pubsub.publisher on topic.replayed-export-parts":    {writes: "messages of parts of exports, which cause work and change no result"},
	"roles/pubsub.publisher on topic.export-parts":             {writes: "messages of parts of exports, which cause work and change no result"},
	"roles/pubsub.publisher on topic.config-events":            {writes: "events of configurations, which cause work and change no result"},
	"roles/pubsub.publisher on topic.replayed-config-events":   {writes: "replayed events of configurations, which cause work and change no result"},
	"roles/pubsub.subscriber on deadLetters.config-events":     {reads: "dead letters", deletes: "dead letters"},
	"roles/pubsub.subscriber on deadLetters.export-parts":      {reads: "dead letters", deletes: "dead letters"},
	"roles/cloudkms.signer on consentKey":                      {writes: "false halves of consents"},
	"roles/cloudkms.publicKeyViewer on consentKey":             {},
	"roles/cloudkms.viewer on consentKey":                      {},
	"roles/cloudkms.signer on signInKey":                       {writes: "proofs to identity providers that it is the console"},
	"roles/aiplatform.user on modelProject":                    {writes: "requests to the platform's language model"},
	"roles/aiplatform.user on tenant.modelProject":             {writes: "requests to every tenant's language model"},
	"roles/cloudkms.signer on logKey":                          {writes: "false checkpoints of audit logs"},
	"roles/cloudkms.publicKeyViewer on logKey":                 {},
	"roles/cloudkms.viewer on logKey":                          {},
	"roles/storage.objectCreator on auditBucket":               {writes: "new objects in the platform's audit bucket"},
	"roles/storage.legacyObjectReader on auditBucket":          {reads: "the platform's audit bucket"},
	"roles/storage.objectCreator on tenant.auditBucket":        {writes: "new objects in every tenant's audit bucket"},
	"roles/pubsub.publisher on tenant.auditTopic":              {writes: "messages to every tenant's audit topic"},
	"roles/storage.legacyObjectReader on tenant.auditBucket":   {reads: "every tenant's audit bucket"},
}

// TestThreatsListWhatEachAccountCanDamage compares the table of accounts in
// THREATS.md to suite.json. With -update, it writes the table.
func TestThreatsListWhatEachAccountCanDamage(t *testing.T) {
	t.Parallel()
	const start, end = "-update` -->\n", "<!-- end of accounts -->"
	text := readText(t, "THREATS.md")
	before, rest, found := strings.Cut(text, start)
	_, after, foundEnd := strings.Cut(rest, end)
	if !found || !foundEnd {
		t.Fatalf("THREATS.md has no comments around the table of accounts: want %q and %q", start, end)
	}
	want := before + start + accountRows(t, table(t)) + end + after
	if *update {
		if err := os.WriteFile("THREATS.md", []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("run go test ./infra -run Threats -update: suite.json (-) and THREATS.md (+) differ:\n%s", diff)
	}
}

// auditReaders are the functions whose work is to read audit logs.
var auditReaders = []string{"audit", "audit-delivery", "audit-integrator", "export-worker"}

// TestOnlyReadersOfAuditLogsCanOpenThem finds roles that decrypt with the audit key.
func TestOnlyReadersOfAuditLogsCanOpenThem(t *testing.T) {
	t.Parallel()
	for name, f := range table(t).Functions {
		opens := slices.ContainsFunc(f.Roles, func(r infra.Role) bool {
			return r.On == "auditKey" && r.Role != "roles/cloudkms.cryptoKeyEncrypter"
		})
		if want := slices.Contains(auditReaders, name); opens != want {
			t.Errorf("%s can open the audit log: %v, want %v", name, opens, want)
		}
	}
}

// accountRows returns the table of accounts as Markdown. It fails if a role has no
// effect, or an effect no role, so that a change of suite.json is a change of both.
func accountRows(t *testing.T, suite infra.Suite) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| account | called by | reads | writes or forges | deletes | checked by |\n|---|---|---|---|---|---|\n")
	unused := maps.Clone(effects)
	row := func(account, calledBy string, roles []infra.Role, proof string) {
		var reads, writes, deletes []string
		for _, role := range roles {
			key := role.Role + " on " + role.On
			e, known := effects[key]
			if !known {
				t.Errorf("%s has %s: write its effect into threats_test.go", account, key)
			}
			delete(unused, key)
			reads, writes, deletes = append(reads, e.reads), append(writes, e.writes), append(deletes, e.deletes)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", account, calledBy, damage(reads), damage(writes), damage(deletes), proof)
	}
	for _, name := range slices.Sorted(maps.Keys(suite.Functions)) {
		f := suite.Functions[name]
		row("`"+name+"`", callerOf(f), f.Roles, "`TestNoAccountCanDoMoreThanTheTableSays` in emulator/suite")
	}
	row("a tenant's signing account", "nobody; `uploads` signs as it", suite.Agents["signing"], "`TestLaw1SigningAccountReachesOneBucket` in emulator/suite")
	row("the reader of exports", "nobody; `exports` signs as it", suite.Agents["exportReader"], "`TestReadURLsOpenOneFile` in functions/exports")
	row("Cloud Storage's agent", "Google", suite.Agents["storage"], notTested+"Google operates this account")
	for _, key := range slices.Sorted(maps.Keys(unused)) {
		t.Errorf("no account has %s: remove its effect from threats_test.go", key)
	}
	return b.String()
}

func callerOf(f infra.Function) string {
	switch {
	case f.Topic != "":
		return "Pub/Sub"
	case f.Schedule != "":
		return "Cloud Scheduler"
	}
	return "the internet"
}

// damage joins what several roles permit.
func damage(texts []string) string {
	var list []string
	for _, text := range texts {
		if text != "" && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, "; ")
}

const notTested = "not tested: "

var (
	threatProof = regexp.MustCompile("^(`Test\\w+`(?:, `Test\\w+`)*) in ([a-z0-9/]+)$")
	anyTest     = regexp.MustCompile(`(?m)^func (Test\w+)\(\w+ \*testing\.T\)`)
)

// TestEveryThreatNamesItsTestOrAReason compares the last column of every table in
// THREATS.md to the tests in the tree.
func TestEveryThreatNamesItsTestOrAReason(t *testing.T) {
	t.Parallel()
	for _, fault := range threatFaults(readText(t, "THREATS.md"), allTests(t, os.DirFS(".."))) {
		t.Error(fault)
	}
}

// TestThreatFaults tries what the tables must not say.
func TestThreatFaults(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{"shared/api/one_test.go": {Data: []byte("func TestOne(t *testing.T) {}\n\nfunc TestTwo(t *testing.T) {}\n")}}
	const header = "| threat | checked by |\n|---|---|\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"a row names tests that exist":   {text: header + "| a | `TestOne`, `TestTwo` in shared/api |\n"},
		"a row names several packages":   {text: header + "| a | `TestOne` in shared/api; `TestTwo` in shared/api |\n"},
		"a row has a reason":             {text: header + "| a | not tested: nobody can |\n"},
		"a document without tables":      {text: "words\n", want: []string{"THREATS.md has no rows"}},
		"a row has neither":              {text: header + "| a | soon |\n", want: []string{"a: write \"`TestX` in DIRECTORY\" or \"not tested: REASON\", not \"soon\""}},
		"a reason is empty":              {text: header + "| a | not tested:  |\n", want: []string{"a: write \"`TestX` in DIRECTORY\" or \"not tested: REASON\", not \"not tested:\""}},
		"a row names a missing test":     {text: header + "| a | `TestThree` in shared/api |\n", want: []string{"a: there is no TestThree in shared/api"}},
		"a row names another directory":  {text: header + "| a | `TestOne` in shared/run |\n", want: []string{"a: there is no TestOne in shared/run"}},
		"a table lacks the last heading": {text: "| threat | limit |\n|---|---|\n| a | b |\n", want: []string{"the last column of \"| threat | limit |\" is not \"checked by\"", "a: write \"`TestX` in DIRECTORY\" or \"not tested: REASON\", not \"b\""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, threatFaults(c.text, allTests(t, tree))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// threatFaults lists every row without an existing test or a reason.
func threatFaults(text string, tests map[string]bool) (faults []string) {
	lines := strings.Split(text, "\n")
	rows := 0
	for i, line := range lines {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		switch {
		case !strings.HasPrefix(line, "| "):
		case strings.HasPrefix(lines[i+1], "|---"):
			if cells[len(cells)-1] != "checked by" {
				faults = append(faults, fmt.Sprintf("the last column of %q is not \"checked by\"", line))
			}
		default:
			rows++
			faults = append(faults, rowFaults(cells[0], cells[len(cells)-1], tests)...)
		}
	}
	if rows == 0 {
		faults = append(faults, "THREATS.md has no rows")
	}
	return faults
}

func rowFaults(row, proof string, tests map[string]bool) (faults []string) {
	if strings.HasPrefix(proof, notTested) {
		return nil
	}
	for part := range strings.SplitSeq(proof, "; ") {
		m := threatProof.FindStringSubmatch(part)
		if m == nil {
			return []string{fmt.Sprintf("%s: write \"`TestX` in DIRECTORY\" or \"%sREASON\", not %q", row, notTested, proof)}
		}
		for name := range strings.SplitSeq(m[1], ", ") {
			if test := strings.Trim(name, "`") + " in " + m[2]; !tests[test] {
				faults = append(faults, fmt.Sprintf("%s: there is no %s", row, test))
			}
		}
	}
	return faults
}

// allTests finds each test of a tree, as "TestX in DIRECTORY".
func allTests(t *testing.T, tree fs.FS) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := fs.WalkDir(tree, ".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(tree, file)
		for _, m := range anyTest.FindAllStringSubmatch(string(text), -1) {
			found[m[1]+" in "+path.Dir(file)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
