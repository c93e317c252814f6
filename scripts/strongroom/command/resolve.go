package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// maxCandidates is how many IDs are listed for a prefix that several IDs have.
const maxCandidates = 10

// candidate is an ID that a prefix may stand for.
type candidate struct {
	id          string
	description string // one line for people
}

// idKind is a kind of resource whose IDs may be shortened to a prefix that no other ID
// has.
type idKind struct {
	name  string             // what an ID identifies
	ls    string             // the command that lists the IDs
	part  *lazyregexp.Regexp // matches the start of an ID
	check func(string) error // nil: the whole ID

	public bool // the resource belongs to no workspace

	// find returns at most limit IDs with a prefix. An empty prefix selects the newest or
	// most important ones.
	find func(ctx context.Context, c *api.Client, prefix string, limit int) ([]candidate, error)
}

var (
	runIDs = idKind{
		name: "run", ls: "strongroom runs ls", part: lazyregexp.New(`^[0-9a-f-]{1,36}$`), check: checkRunID, find: findRuns,
	}
	issueIDs = idKind{
		name: "issue", ls: "strongroom issues ls", part: lazyregexp.New(`^[a-z2-7]{1,52}$`), check: checkIssueID, find: findIssues,
	}
)

var exportIDs = idKind{
	name: "export", ls: "strongroom exports ls", part: runIDs.part, check: checkExportID, find: findExports, public: true,
}

func findExports(ctx context.Context, c *api.Client, prefix string, limit int) ([]candidate, error) {
	return findNewest(prefix, limit, func(token string) (found []candidate, next string, err error) {
		page, err := c.Exports(ctx, api.MaxExportPage, token)
		for _, e := range page.Exports {
			found = append(found, candidate{e.ID, e.State + " " + e.Created.UTC().Format(time.RFC3339)})
		}
		return found, page.NextPageToken, err
	})
}

// maxSearched is how many of the newest entries of a list are searched for a prefix, if
// the platform has no search for it.
const maxSearched = 1000

// findNewest returns the entries with a prefix of a list that has the newest first.
func findNewest(prefix string, limit int, fetch func(token string) (page []candidate, next string, err error)) (found []candidate, err error) {
	for token, seen := "", 0; seen < maxSearched && len(found) < limit; {
		page, next, err := fetch(token)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			if strings.HasPrefix(c.id, prefix) {
				found = append(found, c)
			}
		}
		if seen, token = seen+len(page), next; token == "" {
			break
		}
	}
	return found, nil
}

func findRuns(ctx context.Context, c *api.Client, prefix string, limit int) (found []candidate, err error) {
	page, err := c.Runs(ctx, api.RunFilter{IDPrefix: prefix}, limit, "")
	for _, r := range page.Runs {
		found = append(found, candidate{r.ID, view.RunLine(r)})
	}
	return found, err
}

func findIssues(ctx context.Context, c *api.Client, prefix string, limit int) (found []candidate, err error) {
	page, err := c.Issues(ctx, api.IssueFilter{IDPrefix: prefix}, limit, "")
	for _, i := range page.Issues {
		found = append(found, candidate{i.ID, view.IssueLine(i)})
	}
	return found, err
}

// checkPart rejects a text that cannot be the start of an ID.
func (k idKind) checkPart(text string) error {
	if k.part.MatchString(text) {
		return nil
	}
	return k.check(text)
}

// resolve returns the ID that text is, or that alone starts with text. A whole ID costs
// no request.
func (k idKind) resolve(ctx context.Context, c *api.Client, text string) (string, error) {
	if k.check(text) == nil {
		return text, nil
	}
	if err := k.checkPart(text); err != nil {
		return "", err
	}
	found, err := withRetry(ctx, func(ctx context.Context) ([]candidate, error) { return k.find(ctx, c, text, maxCandidates+1) })
	if err != nil {
		return "", err
	}
	return k.only(text, found)
}

// only returns the ID of the only candidate.
func (k idKind) only(text string, found []candidate) (string, error) {
	switch len(found) {
	case 0:
		return "", &exitError{exitNotFound, fmt.Errorf("no %s ID starts with %s; to list them: %s", k.name, text, k.ls)}
	case 1:
		return found[0].id, nil
	}
	var lines strings.Builder
	for _, c := range found[:min(len(found), maxCandidates)] {
		fmt.Fprintf(&lines, "\n  %s  %s", c.id, view.Name(c.description))
	}
	if len(found) > maxCandidates {
		lines.WriteString("\n  and more")
	}
	return "", usageError("several %s IDs start with %s; use more characters:%s", k.name, text, lines.String())
}

// client returns a client that finds IDs of this kind.
func (k idKind) client(a *app) (*api.Client, error) {
	if k.public {
		return a.settings.publicClient()
	}
	return a.settings.client("")
}

// resolveSpooled returns the ID of the spooled run that text is, or that alone starts
// with text. An ID that no run has is returned as it is.
func resolveSpooled(dir spool.Dir, text string) (string, error) {
	if checkRunID(text) == nil {
		return text, nil
	}
	ids, err := dir.Runs()
	if err != nil {
		return "", err
	}
	var found []candidate
	for _, id := range ids {
		if strings.HasPrefix(id, text) && len(found) <= maxCandidates {
			found = append(found, candidate{id, describeSpooled(dir, id)})
		}
	}
	if err := runIDs.checkPart(text); err != nil && len(found) == 0 {
		return "", err
	}
	kind := runIDs
	kind.name, kind.ls = "spooled run", "strongroom spool ls"
	return kind.only(text, found)
}

func describeSpooled(dir spool.Dir, id string) string {
	j, err := dir.Read(id)
	if err != nil {
		return "damaged"
	}
	return j.Task
}
