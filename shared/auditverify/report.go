package auditverify

import (
	"fmt"
	"time"
)

// maxListed is the most faults and entries of one kind that a report lists.
const maxListed = 1000

// Code is a kind of fault.
type Code string

// The kinds of faults.
const (
	MissingFile      Code = "missing-file"      // a file of the log is not in the copy
	ExtraFile        Code = "extra-file"        // a file is not part of the log
	MalformedFile    Code = "malformed-file"    // a file does not have the form of its kind
	ChangedFile      Code = "changed-file"      // a file does not have the content that the entries require
	ChangedEntry     Code = "changed-entry"     // an entry does not have the hash that the tree has
	MalformedEntry   Code = "malformed-entry"   // an entry is not canonical, or not of the form of an entry
	WrongTenant      Code = "wrong-tenant"      // an entry is from another log
	RepeatedID       Code = "repeated-id"       // two entries have the same ID
	WrongRoot        Code = "wrong-root"        // the entries do not make the tree that was signed
	UntrustedKey     Code = "untrusted-key"     // no trusted key of the log signed a checkpoint
	BadSignature     Code = "bad-signature"     // a signature does not belong to the checkpoint
	RepeatedSigner   Code = "repeated-signer"   // a checkpoint has two signatures under one name
	UnknownSignature Code = "unknown-signature" // no known key made a signature
	NoTime           Code = "no-time"           // a checkpoint has no signed time
	TooOld           Code = "too-old"           // the checkpoint's signed time is too far in the past, or in the future
	WrongOrigin      Code = "wrong-origin"      // a checkpoint is from another log
	NoQuorum         Code = "no-quorum"         // the witnesses that the policy asks for have not signed
	Rewritten        Code = "rewritten"         // an older checkpoint is not the beginning of this log
	Truncated        Code = "truncated"         // an older checkpoint has more entries than this copy
	ReceiptMissing   Code = "receipt-missing"   // the entry of a receipt is not in the log
)

// Fault is one thing that is wrong with a copy.
type Fault struct {
	Code   Code    `json:"code"`
	Path   string  `json:"path,omitempty"`  // of the file; empty: the fault is of no one file
	Entry  *uint64 `json:"entry,omitempty"` // index of the entry; nil: the fault is of no one entry
	Detail string  `json:"detail"`
}

// String describes the fault in one line.
func (f Fault) String() string {
	where := f.Path
	if f.Entry != nil {
		where = fmt.Sprintf("entry %d", *f.Entry)
		if f.Path != "" {
			where += " in " + f.Path
		}
	}
	if where == "" {
		return f.Detail
	}
	return where + ": " + f.Detail
}

// EntryRef is an entry of the log.
type EntryRef struct {
	ID    string `json:"id"`
	Index uint64 `json:"index"`
}

// EntryList lists entries.
type EntryList struct {
	Count  uint64     `json:"count"`
	Listed []EntryRef `json:"listed"` // the first ones by ID, at most 1,000
}

func (l *EntryList) add(m mark) {
	if l.Count++; len(l.Listed) < maxListed {
		l.Listed = append(l.Listed, EntryRef{m.id.String(), m.index})
	}
}

// Cosignature is a signature of a witness or of the log with its time.
type Cosignature struct {
	Name string    `json:"name"`
	Time time.Time `json:"time"`
	Size uint64    `json:"size"` // entries that the signature covers
}

// Report is the result of a verification.
type Report struct {
	Origin       string        `json:"origin,omitempty"`
	Size         uint64        `json:"size"`           // entries
	Root         string        `json:"root,omitempty"` // in base64
	Time         time.Time     `json:"time,omitzero"`  // that the log signed; zero: none
	Witnesses    []Cosignature `json:"witnesses"`
	Receipts     uint64        `json:"receipts"` // that were found
	OpenReads    EntryList     `json:"openReads"`
	OpenMints    EntryList     `json:"openMints"` // runs, each with its newest mint, whose parts have no final state after it
	EndsOnly     EntryList     `json:"endsOnly"`  // ends of reads whose beginning is not in the log
	Faults       []Fault       `json:"faults"`
	FaultsHidden uint64        `json:"faultsHidden"` // further ones that are not listed
	Proved       []string      `json:"proved"`
	NotProved    []string      `json:"notProved"`
}

// OK reports whether no fault was found.
func (r *Report) OK() bool { return len(r.Faults) == 0 }

func (r *Report) add(f Fault) {
	if len(r.Faults) >= maxListed {
		r.FaultsHidden++
		return
	}
	r.Faults = append(r.Faults, f)
}

func (r *Report) fault(code Code, path, format string, args ...any) {
	r.add(Fault{Code: code, Path: path, Detail: fmt.Sprintf(format, args...)})
}
