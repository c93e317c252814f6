package command

import (
	"context"
	"fmt"
)

// eachPage asks for page after page, each of most entries at most, until there
// are limit entries, or all if that is 0. Ask tells how many a page had, and
// the token of the next one. More says that there may be some beyond the limit.
func eachPage(ctx context.Context, limit, most int, ask func(ctx context.Context, size int, token string) (n int, next string, err error)) (more bool, err error) {
	type answer struct {
		n    int
		next string
	}
	for found, token := 0, ""; ; {
		size := most
		if limit > 0 {
			size = min(size, limit-found)
		}
		page, err := retried(ctx, func(ctx context.Context) (a answer, err error) {
			a.n, a.next, err = ask(ctx, size, token)
			return a, err
		})
		if err != nil {
			return false, err
		}
		found, token = found+page.n, page.next
		if token == "" || limit > 0 && found >= limit {
			return token != "", nil
		}
	}
}

// noteTruncation tells whoever reads a table that it is not all.
func (a *app) noteTruncation(more bool, shown int) {
	if more {
		fmt.Fprintf(a.stderr, "strongroom: there are more than these %d: narrow the list, or give --limit\n", shown)
	}
}
