package exportcopy

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// refreshAfter is when URLs are replaced before they expire after 15 minutes.
const refreshAfter = 12 * time.Minute

// pager goes through the pages of an export's files, and after the last one begins
// again.
type pager struct {
	list  func(ctx context.Context, token string) (api.ExportFilePage, error)
	token string // of the current page
	page  *page  // nil: not read yet
}

// current returns the current page.
func (p *pager) current(ctx context.Context) (*page, error) {
	if p.page == nil {
		read, err := p.list(ctx, p.token)
		if err != nil {
			return nil, err
		}
		p.page = &page{list: p.list, token: p.token, files: read.Files, next: read.NextPageToken, read: time.Now()}
	}
	return p.page, nil
}

// advance goes to the next page.
func (p *pager) advance() { p.token, p.page = p.page.next, nil }

// page is a page of files with their URLs. It is safe for concurrent use.
type page struct {
	list  func(ctx context.Context, token string) (api.ExportFilePage, error)
	token string
	next  string // token of the next page; empty: this is the last one

	mu    sync.Mutex
	files []api.ExportFile
	read  time.Time
}

// names returns the names of the page's files.
func (p *page) names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := make([]string, len(p.files))
	for i, f := range p.files {
		names[i] = f.Name
	}
	return names
}

// signedURL is a URL of a file.
type signedURL struct {
	page  *page
	index int
	name  string
}

// get returns a URL that works. If stale is a URL, it returns another one.
func (u signedURL) get(ctx context.Context, stale secret.String) (secret.String, error) {
	p := u.page
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.read) < refreshAfter && (stale.Empty() || stale != p.files[u.index].URL) {
		return p.files[u.index].URL, nil
	}
	again, err := p.list(ctx, p.token)
	if err != nil {
		return secret.String{}, err
	}
	if len(again.Files) <= u.index || again.Files[u.index].Name != u.name {
		return secret.String{}, fmt.Errorf("%w: %s", ErrNotListed, u.name)
	}
	p.files, p.read = again.Files, time.Now()
	return p.files[u.index].URL, nil
}
