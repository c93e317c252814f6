package retry

import (
	"context"
	"time"
)

// reportAfter is how long failures may last before they are reported.
const reportAfter = time.Second

// Reporter hears of a failure that lasts. It may be called concurrently and often.
type Reporter func(err error)

type reporterKey struct{}

// WithReporter returns a context whose retries call report: at the latest a second after
// the first failure, and then at each one.
func WithReporter(ctx context.Context, report Reporter) context.Context {
	return context.WithValue(ctx, reporterKey{}, report)
}

// Report calls the context's Reporter, if it has one.
func Report(ctx context.Context, err error) {
	if report, ok := ctx.Value(reporterKey{}).(Reporter); ok && report != nil {
		report(err)
	}
}
