package auditverify

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

// TimeSuffix is what a log adds to its origin for the name under which it signs
// the time of a checkpoint.
const TimeSuffix = "/time"

// trust is which keys are trusted, and for what.
type trust struct {
	logs       []noteverify.Key // sign checkpoints
	times      []noteverify.Key // sign the times of checkpoints; they belong to logs
	witnesses  []noteverify.Key // all whose signatures can be verified
	policy     noteverify.Policy
	ownKeys    bool // logs are from the copy: trusted on first use
	ownWitness bool // the policy is from the copy
}

func (t trust) known() []noteverify.Key { return slices.Concat(t.logs, t.times, t.witnesses) }

// openCheckpoints verifies the signatures. It reports whether there is a
// checkpoint to verify the tree by.
func (v *verification) openCheckpoints() bool {
	if !v.readTrust() {
		return false
	}
	newest, ok := v.open(CheckpointFile, CheckpointFile, nil)
	if !ok {
		return false
	}
	v.checkpoint = newest.checkpoint
	v.tenant = tenantOf(newest.checkpoint.Origin)
	v.report.Origin, v.report.Size, v.report.Root = newest.checkpoint.Origin, newest.checkpoint.Size, newest.checkpoint.Root.String()
	if at, ok := newest.note.By(v.trust.times...); ok {
		v.report.Time = at.Time.UTC()
	} else {
		v.report.fault(NoTime, CheckpointFile, "the log's signature of the time is missing")
	}
	v.addWitnesses(newest)
	v.checkCosigned(newest)
	v.checkAge()
	if v.options.Since != nil {
		if since, ok := v.open("the older checkpoint", "", v.options.Since); ok {
			v.older = append(v.older, olderCheckpoint{since.checkpoint, "the older checkpoint", ""})
		}
	}
	return true
}

// readTrust reads the copy's keys and policy, and decides which to trust.
func (v *verification) readTrust() bool {
	listed, policy, ok := v.readUnsigned()
	if !ok {
		return false
	}
	v.trust.policy, v.trust.ownWitness = policy, v.options.Policy == nil
	v.trust.witnesses = policy.Witnesses
	if v.options.Policy != nil {
		v.trust.policy = *v.options.Policy
		v.trust.witnesses = slices.Concat(v.options.Policy.Witnesses, policy.Witnesses)
		v.trust.logs = v.options.Policy.Logs
	}
	v.trust.logs = slices.Concat(v.options.Keys, v.trust.logs)
	if v.trust.ownKeys = len(v.trust.logs) == 0; v.trust.ownKeys {
		v.trust.logs = ofLogs(listed)
	}
	for _, k := range v.trust.logs {
		if at, err := k.TimeKey(k.Name() + TimeSuffix); err == nil {
			v.trust.times = append(v.trust.times, at)
		}
	}
	for _, k := range listed {
		if k.Timed && !strings.HasSuffix(k.Name(), TimeSuffix) {
			v.trust.witnesses = append(v.trust.witnesses, k)
		}
	}
	return true
}

// readUnsigned reads the files that nobody signs.
func (v *verification) readUnsigned() (keys []noteverify.Key, policy noteverify.Policy, ok bool) {
	ok = true
	data, fault := v.read(KeysFile, noteverify.MaxFile)
	if fault == nil {
		var err error
		if keys, err = noteverify.ParseKeys(data); err != nil {
			fault = &Fault{Code: MalformedFile, Path: KeysFile, Detail: err.Error()}
		}
	}
	if fault != nil {
		v.report.add(*fault)
		ok = false
	}
	data, fault = v.read(PolicyFile, noteverify.MaxFile)
	if fault == nil {
		var err error
		if policy, err = noteverify.ParsePolicy(data); err == nil {
			err = checkURLs(policy)
		}
		if err != nil {
			fault = &Fault{Code: MalformedFile, Path: PolicyFile, Detail: err.Error()}
		}
	}
	if fault != nil {
		v.report.add(*fault)
		return keys, policy, false
	}
	return keys, policy, ok
}

// checkURLs checks that the URLs of logs are their origins, so that a changed one
// is noticed.
func checkURLs(p noteverify.Policy) error {
	for i, k := range p.Logs {
		if url := p.LogURLs[i]; url != "" && url != "https://"+k.Name() && url != "http://"+k.Name() {
			return fmt.Errorf("the log %s has the URL %s, which is not its origin", k.Name(), url)
		}
	}
	return nil
}

// ofLogs returns the keys that sign checkpoints.
func ofLogs(keys []noteverify.Key) []noteverify.Key {
	return slices.DeleteFunc(slices.Clone(keys), func(k noteverify.Key) bool { return k.Timed })
}

// opened is a checkpoint whose signatures were verified.
type opened struct {
	signed     []byte
	note       noteverify.Note
	checkpoint noteverify.Checkpoint
}

// open verifies a checkpoint: the content of a file if signed is nil. What names
// it in faults.
func (v *verification) open(what, path string, signed []byte) (opened, bool) {
	if signed == nil {
		data, fault := v.read(path, noteverify.MaxFile)
		if fault != nil {
			v.report.add(*fault)
			return opened{}, false
		}
		signed = data
	}
	note, err := v.options.openNote(signed, v.trust.known())
	if err != nil {
		v.report.fault(noteFault(err), path, "%s: %v", what, err)
		return opened{}, false
	}
	by, ok := note.By(v.trust.logs...)
	if !ok {
		v.report.fault(UntrustedKey, path, "%s is signed by %s: %v", what, strings.Join(signers(note), "; "), ErrUntrustedKey)
		return opened{}, false
	}
	for _, unknown := range note.Unknown {
		v.report.fault(UnknownSignature, path, "%s has a signature by %s, which no known key made; "+
			"to accept a witness, name it in the policy", what, unknown)
	}
	c, err := note.Checkpoint()
	switch {
	case err != nil:
		v.report.fault(MalformedFile, path, "%s: %v", what, err)
		return opened{}, false
	case c.Origin != by.Key.Name() || v.checkpoint.Origin != "" && c.Origin != v.checkpoint.Origin:
		v.report.fault(WrongOrigin, path, "%s is of the log %s", what, c.Origin)
		return opened{}, false
	}
	return opened{signed, note, c}, true
}

// OpenCheckpoint verifies that one of the log's keys signed a checkpoint. Keys of
// other kinds, such as witnesses, are not needed.
func OpenCheckpoint(signed []byte, keys []noteverify.Key) (noteverify.Checkpoint, error) {
	note, err := noteverify.Open(signed, keys)
	if err != nil {
		return noteverify.Checkpoint{}, fmt.Errorf("verify checkpoint: %w", err)
	}
	by, ok := note.By(ofLogs(keys)...)
	if !ok {
		return noteverify.Checkpoint{}, fmt.Errorf("verify checkpoint: it is signed by %s: %w", strings.Join(signers(note), "; "), ErrUntrustedKey)
	}
	c, err := note.Checkpoint()
	if err == nil && c.Origin != by.Key.Name() {
		err = fmt.Errorf("verify checkpoint: it is of the log %s, but %s signed it", c.Origin, by.Key.Name())
	}
	return c, err
}

// AddedKeys returns the listed keys that are not known. A key that is known must
// stay listed, because checkpoints that it signed stay valid: otherwise, the error is
// ErrKeyGone.
func AddedKeys(known, listed []noteverify.Key) ([]noteverify.Key, error) {
	has := func(keys []noteverify.Key, k noteverify.Key) bool {
		return slices.ContainsFunc(keys, func(other noteverify.Key) bool { return other.Text == k.Text })
	}
	for _, k := range known {
		if !has(listed, k) {
			return nil, fmt.Errorf("%w: %s", ErrKeyGone, k.Text)
		}
	}
	return slices.DeleteFunc(slices.Clone(listed), func(k noteverify.Key) bool { return has(known, k) }), nil
}

// ErrKeyGone is the error of a log that does not list a key that it listed before.
var ErrKeyGone = errors.New("the log no longer lists a key that it has signed with: old keys must stay listed")

// ErrUntrustedKey is the error of a checkpoint that no trusted key signed.
var ErrUntrustedKey = errors.New("none of them is a trusted key of the log (unknown, or retired)")

// signers lists whose signatures a note has.
func signers(n noteverify.Note) []string {
	all := slices.Clone(n.Unknown)
	for _, s := range n.Signatures {
		all = append(all, s.Key.Name())
	}
	return all
}

func noteFault(err error) Code {
	switch {
	case errors.Is(err, noteverify.ErrTwoSignatures):
		return RepeatedSigner
	case errors.Is(err, noteverify.ErrSignature):
		return BadSignature
	}
	return MalformedFile
}

// checkCosigned verifies the witnesses' signatures.
func (v *verification) checkCosigned(newest opened) {
	cosigned := newest
	if v.exists(CosignedFile) {
		data, fault := v.read(CosignedFile, noteverify.MaxFile)
		if fault != nil {
			v.report.add(*fault)
			return
		}
		if !bytes.Equal(data, newest.signed) {
			var ok bool
			if cosigned, ok = v.open(CosignedFile, CosignedFile, data); !ok {
				return
			}
			v.addWitnesses(cosigned)
			v.older = append(v.older, olderCheckpoint{cosigned.checkpoint, "the checkpoint that a witness signed", CosignedFile})
		}
		if _, ok := cosigned.note.By(v.trust.witnesses...); !ok {
			v.report.fault(NoQuorum, CosignedFile, "no known witness signed this checkpoint")
		}
	}
	if !v.trust.policy.Satisfied(cosigned.note) && !v.trust.policy.Satisfied(newest.note) {
		v.report.fault(NoQuorum, CosignedFile, "the checkpoint does not have the witnesses' signatures that the policy requires")
	}
}

func (v *verification) exists(path string) bool {
	file, err := v.copy.Open(path)
	if err != nil {
		return false
	}
	_ = file.Close()
	return true
}

func (v *verification) addWitnesses(o opened) {
	for _, s := range o.note.Signatures {
		if _, ok := (noteverify.Note{Signatures: []noteverify.Signature{s}}).By(v.trust.witnesses...); ok {
			v.report.Witnesses = append(v.report.Witnesses, Cosignature{s.Key.Name(), s.Time.UTC(), o.checkpoint.Size})
		}
	}
}

// checkAge compares the newest signed time of the checkpoint with MaxAge.
func (v *verification) checkAge() {
	if v.options.MaxAge == 0 || v.report.Time.IsZero() {
		return
	}
	switch age := v.options.Now.Sub(v.report.Time); {
	case age > v.options.MaxAge:
		v.report.fault(TooOld, CheckpointFile, "the log signed it at %s, more than %s ago", v.report.Time.Format("2006-01-02T15:04:05Z"), v.options.MaxAge)
	case age < -maxClockSkew:
		v.report.fault(TooOld, CheckpointFile, "the log signed it at %s, which is in the future", v.report.Time.Format("2006-01-02T15:04:05Z"))
	}
}

// tenantOf returns the tenant of an origin such as HOST/v1/tenants/ID/audit/log.
// It is empty for the platform's own log.
func tenantOf(origin string) string {
	_, below, ok := strings.Cut(origin, "/v1/tenants/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(below, "/")
	return id
}
