package demo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	"google.golang.org/protobuf/proto"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// objectEvents is the topic of what Cloud Storage publishes.
const objectEvents = "object-events"

const auditKeyName = "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit"

// message is what was published to a topic.
type message struct {
	topic      string
	data       []byte
	attributes map[string]string
}

// inspection looks at everything that a cloud stores and publishes, and fails
// the test where something has no class or is where its class may not be.
type inspection struct {
	t     *testing.T
	cloud *cloudtest.Cloud

	mu       sync.Mutex
	messages []message

	open     map[string]*keys.Tenant // by tenant
	audit    *keys.EnvelopeOpener
	plain    map[string][]byte // what is readable without a tenant's key, by place
	secrets  map[string]string // free text and output, and where it was found
	declared map[string]bool   // paths of declarations that had a document
}

// inspect begins to record what is published.
func inspect(t *testing.T, c *cloudtest.Cloud) *inspection {
	t.Helper()
	i := &inspection{
		t: t, cloud: c, open: map[string]*keys.Tenant{}, plain: map[string][]byte{}, secrets: map[string]string{}, declared: map[string]bool{},
	}
	c.PubSub.OnPublish(func(topic string, data []byte, attributes map[string]string) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.messages = append(i.messages, message{topic: topic, data: data, attributes: attributes})
	})
	return i
}

// finish inspects what there is now.
func (i *inspection) finish() {
	i.t.Helper()
	i.cloud.Drain(i.t)
	i.openKeys()
	i.cloud.Firestore.Walk(func(_, path string, fields map[string]*firestorepb.Value) bool {
		i.document(path, fields)
		return true
	})
	i.mu.Lock()
	defer i.mu.Unlock()
	for n, m := range i.messages {
		i.message(n, m)
	}
	i.buckets()
	i.plain["the log"] = []byte(i.cloud.Log.String())
	i.search()
}

// openKeys reads the tenants' records, and prepares to open what is sealed.
func (i *inspection) openKeys() {
	ctx := i.t.Context()
	all := keys.NewTenants(i.cloud.Operator, i.cloud.Clock.Now)
	err := i.cloud.Directory.Each(ctx, func(record tenant.Record) error {
		db, err := i.cloud.Directory.Database(ctx, record)
		if err != nil {
			return err
		}
		i.open[string(record.ID)], err = all.Of(ctx, record, db)
		return err
	})
	if err != nil {
		i.t.Fatal(err)
	}
	kms, err := i.cloud.Operator.KMS(ctx)
	if err != nil {
		i.t.Fatal(err)
	}
	i.audit = keys.NewEnvelopeOpener(keys.EnvelopeConfig{KeyName: auditKeyName, KMS: kms, Now: i.cloud.Clock.Now})
}

func (i *inspection) document(path string, fields map[string]*firestorepb.Value) {
	d, ok := dataclass.Find(path)
	if !ok {
		i.t.Errorf("the document %s is of no type that dataclass.Stored declares", path)
		return
	}
	i.declared[d.Path] = true
	wire, err := proto.Marshal(&firestorepb.Document{Name: path, Fields: fields})
	if err != nil {
		i.t.Fatal(err)
	}
	i.plain["the document "+path] = wire
	labels := map[string]dataclass.Field{}
	for _, f := range dataclass.Fields(d.Type, d.Encoder) {
		labels[f.Path] = f
	}
	i.fields(d, path, "", fields, labels)
}

// fields compares stored fields with the labels of the type.
func (i *inspection) fields(d dataclass.Declaration, path, prefix string, fields map[string]*firestorepb.Value, labels map[string]dataclass.Field) {
	for name, value := range fields {
		name = prefix + name
		label, labelled := labels[name]
		switch {
		case labelled && label.Class.In(d.Place) == dataclass.Plain:
		case labelled && label.Class.In(d.Place) == dataclass.Sealed:
			i.sealed(path, name, label.Class, value)
		case labelled:
			i.t.Errorf("%s: the field %s is %s, which may not be in a %s", path, name, label.Class, d.Place)
		case value.GetMapValue() != nil:
			i.fields(d, path, name+".", value.GetMapValue().GetFields(), labels)
		case value.GetArrayValue() != nil:
			for _, element := range value.GetArrayValue().GetValues() {
				i.fields(d, path, name+"[].", element.GetMapValue().GetFields(), labels)
				if element.GetMapValue() == nil {
					i.t.Errorf("%s: the elements of %s have no class in %s", path, name, d.Type)
				}
			}
		case isNull(value): // a pointer to a struct that is nil
		default:
			i.t.Errorf("%s: the field %s has no class in %s", path, name, d.Type)
		}
	}
}

func isNull(v *firestorepb.Value) bool {
	_, null := v.GetValueType().(*firestorepb.Value_NullValue)
	return null
}

// sealed opens a value with the key that its class demands.
func (i *inspection) sealed(path, name string, class dataclass.Class, value *firestorepb.Value) {
	sealed := value.GetBytesValue()
	if class == dataclass.Secret || len(sealed) == 0 { // KMS itself wrapped a data key: keys tests it
		return
	}
	var open func(context.Context, []byte, []byte) ([]byte, error)
	if class == dataclass.Audit {
		open = i.audit.Open
	} else {
		open = i.open[strings.Split(path, "/")[1]].Open
	}
	text, err := open(i.t.Context(), sealed, []byte(path))
	if err != nil {
		i.t.Errorf("%s: the field %s is not sealed as %s demands: %v", path, name, class, err)
		return
	}
	if class == dataclass.Text {
		i.freeText(path, text)
	}
}

// freeText records the texts that a sealed value has.
func (i *inspection) freeText(path string, text []byte) {
	if strings.Contains(path, "/issues/") {
		own := func(context.Context, []byte, []byte) ([]byte, error) { return text, nil }
		t, err := records.OpenIssueText(i.t.Context(), own, &firestore.DocumentRef{Path: path}, nil)
		if err != nil {
			i.t.Fatal(err)
		}
		text = t.Line
	}
	s, err := issue.ParseSighting(text)
	if err != nil {
		i.secret("the text of "+path, string(text))
		return
	}
	for _, part := range []string{s.Title, s.Expected, s.Actual, s.Details, s.NextSteps, s.ReproduceHint, s.Summary} {
		i.secret("the text of "+path, part)
	}
}

// secret records a text that nothing readable may have. A short one could be
// there by accident.
func (i *inspection) secret(where, text string) {
	if len(text) >= 16 {
		i.secrets[text] = where
	}
}

func (i *inspection) message(n int, m message) {
	i.plain[fmt.Sprintf("message %d of %s", n, m.topic)] = fmt.Appendf(bytes.Clone(m.data), "%v", m.attributes)
	topic := m.topic[strings.LastIndex(m.topic, "/")+1:]
	place := dataclass.Message
	if strings.HasPrefix(topic, "audit-") {
		topic, place = dataclass.TenantTopicPath, dataclass.TenantTopic
	}
	if topic == objectEvents { // Cloud Storage's own; custody labels what it reads of them
		return
	}
	labels := map[string]bool{}
	for _, d := range dataclass.Declarations() {
		if d.Place == place && d.Path == topic && d.Encoder == dataclass.Attribute {
			for _, f := range dataclass.Fields(d.Type, d.Encoder) {
				labels[f.Path] = true
			}
		}
	}
	for name := range m.attributes {
		if !labels[name] {
			i.t.Errorf("a message of %s has the attribute %s, which has no class", topic, name)
		}
	}
	if len(m.data) > 0 && place != dataclass.TenantTopic {
		i.t.Errorf("a message of %s has data: %.100q", topic, m.data)
	}
}

// buckets wants objects in the tenants' outputs buckets only, under the tenant's
// key, and records lines of them.
func (i *inspection) buckets() {
	client := i.storage()
	owners, configs := map[string]tenant.Record{}, map[string]tenant.Record{}
	err := i.cloud.Directory.Each(i.t.Context(), func(r tenant.Record) error {
		owners[r.OutputsBucket], configs[r.ConfigsBucket] = r, r
		return nil
	})
	if err != nil {
		i.t.Fatal(err)
	}
	all := client.Buckets(i.t.Context(), suite.ProjectID)
	for {
		bucket, err := all.Next()
		if errors.Is(err, iterator.Done) {
			return
		}
		if err != nil {
			i.t.Fatal(err)
		}
		if strings.HasSuffix(bucket.Name, "-audit") {
			i.auditLog(client.Bucket(bucket.Name), bucket.Name)
			continue
		}
		if owner, ok := configs[bucket.Name]; ok {
			i.packs(client.Bucket(bucket.Name), bucket.Name, owner)
			continue
		}
		i.objects(client.Bucket(bucket.Name), bucket.Name, owners[bucket.Name])
	}
}

// each returns all objects of a bucket.
func (i *inspection) each(bucket *storage.BucketHandle) iter.Seq[*storage.ObjectAttrs] {
	return func(yield func(*storage.ObjectAttrs) bool) {
		for all := bucket.Objects(i.t.Context(), nil); ; {
			object, err := all.Next()
			if errors.Is(err, iterator.Done) {
				return
			}
			if err != nil {
				i.t.Fatal(err)
			}
			if !yield(object) {
				return
			}
		}
	}
}

// packName is the name of a git pack of a configuration.
var packName = regexp.MustCompile(`^[a-z0-9-]{1,63}/[0-9a-f]{64}\.pack$`)

// packs wants git packs of workspaces under the tenant's key, and nothing else.
func (i *inspection) packs(bucket *storage.BucketHandle, name string, owner tenant.Record) {
	for object := range i.each(bucket) {
		if !packName.MatchString(object.Name) || !strings.HasPrefix(object.KMSKeyName, owner.KeyName+"/") {
			i.t.Errorf("the object %s/%s under %q is not a pack under the tenant's key", name, object.Name, object.KMSKeyName)
		}
	}
}

// auditLog wants checkpoints, tiles and bundles under the audit key, and nothing else.
func (i *inspection) auditLog(bucket *storage.BucketHandle, name string) {
	for object := range i.each(bucket) {
		if _, err := tilelog.ParsePath(object.Name); err != nil && !strings.HasPrefix(object.Name, "checkpoint/") {
			i.t.Errorf("the object %s/%s is not a part of an audit log", name, object.Name)
		}
		if !strings.HasPrefix(object.KMSKeyName, auditKeyName+"/") {
			i.t.Errorf("the object %s/%s is under %q, not under the audit key", name, object.Name, object.KMSKeyName)
		}
	}
}

func (i *inspection) objects(bucket *storage.BucketHandle, name string, owner tenant.Record) {
	for object := range i.each(bucket) {
		where := name + "/" + object.Name
		if _, err := grant.ParseObject(object.Name); err != nil || owner.ID == "" {
			i.t.Errorf("the object %s is not a part in an outputs bucket: only those have a class", where)
			continue
		}
		if !strings.HasPrefix(object.KMSKeyName, owner.KeyName+"/") {
			i.t.Errorf("the object %s is under %q, not under the tenant's key", where, object.KMSKeyName)
		}
		i.sample(bucket.Object(object.Name), where)
	}
}

// sample records up to 64 lines of an object, spread over it.
func (i *inspection) sample(object *storage.ObjectHandle, where string) {
	r, err := object.NewReader(i.t.Context())
	if err != nil {
		i.t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		i.t.Fatal(err)
	}
	lines := bytes.Split(text, []byte("\n"))
	for n := 0; n < len(lines); n += 1 + len(lines)/64 {
		i.secret("a line of "+where, string(lines[n]))
	}
}

// search looks for free text and output wherever they would be readable. The
// tests of laws 2 and 3 also look for encoded text.
func (i *inspection) search() {
	for secret, from := range i.secrets {
		for place, text := range i.plain {
			if bytes.Contains(text, []byte(secret)) {
				i.t.Errorf("%s has %.60q, which is %s", place, secret, from)
			}
		}
	}
	i.t.Logf("%d places, %d texts, %d kinds of documents", len(i.plain), len(i.secrets), len(i.declared))
	if len(i.plain) < 50 || len(i.secrets) < 50 || len(i.declared) < 12 {
		i.t.Error("the demonstration leaves too little to look at")
	}
}

func (i *inspection) storage() *storage.Client {
	config := i.cloud.As(suite.OperatorAccount)
	client, err := storage.NewClient(i.t.Context(), option.WithEndpoint("http://"+config.StorageHost+"/storage/v1/"),
		option.WithHTTPClient(&http.Client{Transport: config.Transport()}))
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { _ = client.Close() })
	return client
}
