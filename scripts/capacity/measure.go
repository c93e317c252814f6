package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// operations are counted as Google bills them.
type operations struct {
	Reads, Writes, Deletes float64            // Firestore documents
	KMS                    float64            // Cloud KMS cryptographic operations
	SignBlob               float64            // signatures of IAM
	Messages               float64            // Pub/Sub messages published
	Objects                float64            // objects created
	Requests               map[string]float64 // of each function
	Stored                 map[string]float64 // bytes of documents, by collection
}

// minus returns the operations between two measurements.
func (o operations) minus(b operations) operations { return o.plus(b.times(-1)) }

func (o operations) plus(b operations) operations {
	d := operations{
		Reads: o.Reads + b.Reads, Writes: o.Writes + b.Writes, Deletes: o.Deletes + b.Deletes, KMS: o.KMS + b.KMS,
		SignBlob: o.SignBlob + b.SignBlob, Messages: o.Messages + b.Messages, Objects: o.Objects + b.Objects, Requests: map[string]float64{}, Stored: map[string]float64{},
	}
	for name, n := range o.Requests {
		d.Requests[name] = n + b.Requests[name]
	}
	for name, n := range o.Stored {
		d.Stored[name] = n + b.Stored[name]
	}
	return d
}

func (o operations) times(factor float64) operations {
	d := operations{
		Reads: o.Reads * factor, Writes: o.Writes * factor, Deletes: o.Deletes * factor, KMS: o.KMS * factor,
		SignBlob: o.SignBlob * factor, Messages: o.Messages * factor, Objects: o.Objects * factor, Requests: map[string]float64{}, Stored: map[string]float64{},
	}
	for name, n := range o.Requests {
		d.Requests[name] = n * factor
	}
	for name, n := range o.Stored {
		d.Stored[name] = n * factor
	}
	return d
}

// bench is an embedded cloud with one tenant.
type bench struct {
	*suite.Cloud
	tenant   tenant.ID
	token    string // of a runner
	run      string // the newest one
	messages atomic.Int64
	objects  int
}

// measurement is everything that is measured.
type measurement struct {
	run     operations // of one run
	audit   auditCost
	readers []reading

	accounts float64 // the platform's service accounts
}

// otherAccounts belong to no function: builder, pubsub-push, scheduler, export-reader.
const otherAccounts = 4

// measure counts the operations of one run with this number of parts, of its audit
// log, and of its readers. An earlier run warms the caches: data keys, the tenant's
// record, its issuer's keys.
func measure(ctx context.Context, parts int) (m measurement, err error) {
	c, err := suite.Start(ctx, suite.Options{Backoff: 50 * time.Millisecond})
	if err != nil {
		return m, err
	}
	b := &bench{Cloud: c, tenant: "measured"}
	m.accounts = float64(len(c.Suite.Functions) + otherAccounts)
	m.run, err = b.measure(ctx, parts)
	if err == nil {
		m.audit, err = b.measureAudit(ctx, parts)
	}
	if err == nil {
		m.readers, err = b.measureReaders(ctx)
	}
	return m, errors.Join(err, c.Close())
}

func (b *bench) measure(ctx context.Context, parts int) (operations, error) {
	b.PubSub.OnPublish(func(string, []byte, map[string]string) { b.messages.Add(1) })
	if _, err := b.AddTenant(ctx, b.tenant, "prod"); err != nil {
		return operations{}, err
	}
	var err error
	if b.token, err = b.Token(b.tenant, "runner"); err != nil {
		return operations{}, err
	}
	if err := b.oneRun(ctx, parts); err != nil {
		return operations{}, err
	}
	// A retry or a refreshed cache adds operations to some runs, so the median counts.
	var all []operations
	for range 11 {
		ops, err := b.measureRun(ctx, parts)
		if err != nil {
			return operations{}, err
		}
		all = append(all, ops)
	}
	slices.SortFunc(all, func(a, b operations) int {
		return cmp.Compare(a.Reads+a.Writes+a.KMS, b.Reads+b.Writes+b.KMS)
	})
	ops := all[len(all)/2]
	delete(ops.Requests, "sweep") // each minute, whatever the number of runs
	return ops, nil
}

// measureRun returns the operations of one run, without those that a sweep takes if it has no
// work, and what the run leaves in the database.
func (b *bench) measureRun(ctx context.Context, parts int) (operations, error) {
	storedBefore, err := b.storedBytes(ctx)
	if err != nil {
		return operations{}, err
	}
	before := b.count()
	if err := b.oneRun(ctx, parts); err != nil {
		return operations{}, err
	}
	after := b.count()
	if err := b.Scheduler.RunNow(ctx, "sweep"); err != nil {
		return operations{}, err
	}
	idle := b.count().minus(after)
	ops := after.minus(before).minus(idle)
	if ops.Stored, err = b.storedBytes(ctx); err != nil {
		return operations{}, err
	}
	for name := range ops.Stored {
		ops.Stored[name] -= storedBefore[name]
	}
	return ops, nil
}

func (b *bench) count() operations {
	store, keys := b.Firestore.Counts(), b.KMS.Counts()
	o := operations{
		Reads: float64(store.Reads), Writes: float64(store.Writes), Deletes: float64(store.Deletes),
		KMS:      float64(keys.Encrypt + keys.Decrypt + keys.Sign),
		SignBlob: float64(b.IAM.Counts().SignBlob), Messages: float64(b.messages.Load()), Objects: float64(b.objects),
		Requests: map[string]float64{},
	}
	for name := range b.Suite.Functions {
		o.Requests[name] = float64(b.LoadBalancer.Traffic(name).Requests)
	}
	return o
}

// part is the request for one upload URL.
type part struct {
	Output      string `json:"output"`
	Part        int    `json:"part"`
	ContentType string `json:"contentType"`
}

// permission is the upload URL of one part.
type permission struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
}

// oneRun starts a run, uploads its parts, reports it, and sweeps once.
func (b *bench) oneRun(ctx context.Context, parts int) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("name run: %w", err)
	}
	b.run = id.String()
	path := b.URL + "/v1/workspaces/prod/runs/" + b.run
	if err := b.send(ctx, http.MethodPut, path, map[string]any{"task": "check", "start": time.Now().UTC()}, nil); err != nil {
		return err
	}
	if err := b.upload(ctx, path, parts); err != nil {
		return err
	}
	if err := b.send(ctx, http.MethodPost, path+"/report", map[string]any{
		"end": time.Now().UTC(), "outcome": "success", "exitCode": 0, "outputs": []any{map[string]any{"name": "stdout.log", "parts": parts}},
	}, nil); err != nil {
		return err
	}
	if err := errors.Join(b.GCS.Flush(ctx), b.PubSub.Drain(ctx)); err != nil {
		return err
	}
	return b.Scheduler.RunNow(ctx, "sweep")
}

const maxMint = 100 // parts of one call

func (b *bench) upload(ctx context.Context, path string, parts int) error {
	for first := 1; first <= parts; first += maxMint {
		var asked []part
		for n := first; n <= min(parts, first+maxMint-1); n++ {
			asked = append(asked, part{"stdout.log", n, "text/plain"})
		}
		var given struct{ Parts []permission }
		if err := b.send(ctx, http.MethodPost, path+"/uploads", map[string]any{"parts": asked}, &given); err != nil {
			return err
		}
		for _, p := range given.Parts {
			if err := b.put(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) put(ctx context.Context, p permission) error {
	r, err := http.NewRequestWithContext(ctx, p.Method, p.URL, bytes.NewReader([]byte("a line\n")))
	if err != nil {
		return fmt.Errorf("put part: %w", err)
	}
	for name, value := range p.Headers {
		r.Header.Set(name, value)
	}
	b.objects++
	return exchange(r, nil)
}

func (b *bench) send(ctx context.Context, method, url string, body, into any) error {
	return b.sendAs(ctx, b.token, method, url, body, into)
}

func (b *bench) sendAs(ctx context.Context, token, method, url string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	return exchange(r, into)
}

// exchange sends r, and decodes the response into into unless it is nil.
func exchange(r *http.Request, into any) error {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Method, err)
	}
	text, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d: %s", r.Method, answer.StatusCode, text)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}
