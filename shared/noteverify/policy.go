package noteverify

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxComponents is the most witnesses and groups of a policy. The standard asks
// for 32 of each.
const maxComponents = 256

// noQuorum is what a policy without witnesses calls its quorum.
const noQuorum = "none"

// Policy says whose signatures a log's checkpoint must have
// (c2sp.org/tlog-policy). The zero Policy trusts no log and asks for no witness.
type Policy struct {
	Logs      []Key    // trusted to sign checkpoints
	LogURLs   []string // of Logs; empty if the policy has none
	Witnesses []Key    // all that the policy names

	quorum component // nil: no witness is needed
}

// component is a witness, or a group of components.
type component interface {
	// satisfied reports whether a note has the signatures.
	satisfied(Note) bool
}

type oneWitness struct{ key Key }

func (w oneWitness) satisfied(n Note) bool {
	_, ok := n.By(w.key)
	return ok
}

type group struct {
	threshold int
	members   []component
}

func (g group) satisfied(n Note) bool {
	count := 0
	for _, m := range g.members {
		if m.satisfied(n) {
			count++
		}
	}
	return count >= g.threshold
}

// Satisfied reports whether a note has the cosignatures of the policy's quorum.
func (p Policy) Satisfied(n Note) bool { return p.quorum == nil || p.quorum.satisfied(n) }

// policyParser is the state of ParsePolicy.
type policyParser struct {
	policy     Policy
	components map[string]component
	quorum     bool // the policy has its quorum line
}

// ParsePolicy reads a policy. A witness may have no URL, because nobody contacts
// it here. Lines that begin with # are comments.
func ParsePolicy(data []byte) (Policy, error) {
	if len(data) > MaxFile {
		return Policy{}, fmt.Errorf("read policy: more than %d bytes", MaxFile)
	}
	p := policyParser{components: map[string]component{}}
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line, ok := strings.CutSuffix(line, "\n")
		if !ok || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' }) {
			return Policy{}, fmt.Errorf("read policy: line %d: it has control characters, or does not end with a newline", number)
		}
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if err := p.add(fields); err != nil {
			return Policy{}, fmt.Errorf("read policy: line %d: %w", number, err)
		}
	}
	if !p.quorum {
		return Policy{}, errors.New("read policy: it has no line `quorum NAME` or `quorum none`")
	}
	return p.policy, nil
}

func (p *policyParser) add(fields []string) error {
	switch keyword, rest := fields[0], fields[1:]; {
	case keyword == "log" && (len(rest) == 1 || len(rest) == 2):
		return p.addLog(rest[0], strings.Join(rest[1:], ""))
	case keyword == "witness" && (len(rest) == 2 || len(rest) == 3):
		return p.addWitness(rest[0], rest[1])
	case keyword == "group" && len(rest) >= 3:
		return p.addGroup(rest[0], rest[1], rest[2:])
	case keyword == "quorum" && len(rest) == 1:
		return p.setQuorum(rest[0])
	}
	return errors.New("expected `log VKEY [URL]`, `witness NAME VKEY [URL]`, `group NAME any|all|NUMBER MEMBER…` or `quorum NAME|none`")
}

func (p *policyParser) addLog(text, url string) error {
	k, err := ParseKey(text)
	if err != nil {
		return err
	}
	if k.Timed {
		return errors.New("the key is a witness's, not a log's")
	}
	p.policy.Logs, p.policy.LogURLs = append(p.policy.Logs, k), append(p.policy.LogURLs, url)
	return nil
}

func (p *policyParser) addWitness(name, text string) error {
	k, err := ParseKey(text)
	if err != nil {
		return err
	}
	if !k.Timed {
		return errors.New("the key is a log's, not a witness's: a witness's signatures have a time")
	}
	if _, ok := find(p.policy.Witnesses, k.Name(), k.KeyHash()); ok {
		return errors.New("another witness has the same key, and would be counted twice")
	}
	p.policy.Witnesses = append(p.policy.Witnesses, k)
	return p.define(name, oneWitness{k})
}

func (p *policyParser) addGroup(name, threshold string, names []string) error {
	g := group{threshold: 1}
	for i, member := range names {
		c, ok := p.components[member]
		if !ok || slices.Contains(names[:i], member) {
			return fmt.Errorf("group member %q is not defined above, or is listed twice", member)
		}
		g.members = append(g.members, c)
	}
	switch threshold {
	case "any":
	case "all":
		g.threshold = len(names)
	default:
		n, err := strconv.Atoi(threshold)
		if err != nil || n < 1 || n > len(names) || strconv.Itoa(n) != threshold {
			return fmt.Errorf("the threshold must be any, all, or a number from 1 to %d", len(names))
		}
		g.threshold = n
	}
	return p.define(name, g)
}

func (p *policyParser) define(name string, c component) error {
	if _, taken := p.components[name]; taken || name == noQuorum {
		return fmt.Errorf("the name %q is already defined", name)
	}
	if len(p.components) == maxComponents {
		return fmt.Errorf("more than %d witnesses and groups", maxComponents)
	}
	p.components[name] = c
	return nil
}

func (p *policyParser) setQuorum(name string) error {
	if p.quorum {
		return errors.New("a second quorum line")
	}
	p.quorum = true
	if name == noQuorum {
		return nil
	}
	c, ok := p.components[name]
	if !ok {
		return fmt.Errorf("the quorum %q is not defined above", name)
	}
	p.policy.quorum = c
	return nil
}
