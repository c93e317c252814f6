package auditverify

import (
	"fmt"
	"strings"
	"time"
)

// conclude writes what the verification proved, and what it cannot prove.
func (v *verification) conclude() {
	r := &v.report
	r.Proved, r.NotProved = []string{}, []string{}
	if !r.OK() {
		r.NotProved = append(r.NotProved, "Nothing is proved, because the copy has faults.")
		return
	}
	r.Proved = append(r.Proved, fmt.Sprintf("The copy has exactly the %d entries of the log %s that its key signed at %s: none was changed, added, removed or moved.",
		r.Size, r.Origin, r.Time.Format(time.RFC3339)), "Every entry is canonical JSON, and its ID is unique.")
	if v.options.Since != nil {
		r.Proved = append(r.Proved, "The older checkpoint is the beginning of this log: nothing was rewritten since then.")
	}
	if v.options.Receipts != nil {
		r.Proved = append(r.Proved, fmt.Sprintf("The entry of each of the %d different receipts is in the log.", r.Receipts))
	}
	v.concludeWitnesses()
	v.concludeLimits()
}

func (v *verification) concludeWitnesses() {
	r := &v.report
	if len(r.Witnesses) == 0 {
		r.NotProved = append(r.NotProved, "No witness signed the log, so the platform could show different logs to different readers.")
		if v.options.Receipts == nil {
			r.NotProved = append(r.NotProved, "The newest entries could be missing: that cannot be excluded without receipts (--receipts) or a witness.")
		}
		return
	}
	newest := r.Witnesses[0]
	for _, w := range r.Witnesses {
		if w.Size > newest.Size {
			newest = w
		}
	}
	r.Proved = append(r.Proved, fmt.Sprintf("%s saw the first %d entries at %s: other readers of that witness saw the same ones.",
		newest.Name, newest.Size, newest.Time.Format(time.RFC3339)))
	if newest.Size < r.Size {
		r.NotProved = append(r.NotProved, fmt.Sprintf("No witness signed the newest %d entries.", r.Size-newest.Size))
	}
}

func (v *verification) concludeLimits() {
	r := &v.report
	if v.trust.ownKeys {
		var names []string
		for _, k := range v.trust.logs {
			names = append(names, k.Text)
		}
		r.NotProved = append(r.NotProved, "The log's keys are from the copy itself. Compare them once with keys from another source, and use --policy or --key: "+strings.Join(names, ", "))
	}
	if len(r.Witnesses) > 0 && v.trust.ownWitness {
		r.NotProved = append(r.NotProved, "The platform named the witnesses. To choose them yourself, use --policy.")
	}
	r.NotProved = append(r.NotProved,
		"An entry that was recorded less than about a minute before the checkpoint may not be in the log yet.",
		"The log proves what was recorded, not that everything was recorded truthfully.")
	if v.options.MaxAge == 0 {
		r.NotProved = append(r.NotProved, "Entries after "+r.Time.Format(time.RFC3339)+" are not covered. To require a recent checkpoint, use --max-age.")
	}
}
