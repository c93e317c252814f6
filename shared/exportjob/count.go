package exportjob

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
)

// Count returns the number of results of a query, which the query's limit bounds.
// The query may have a read time.
func Count(ctx context.Context, query firestore.Query) (int64, error) {
	result, err := query.NewAggregationQuery().WithCount("n").Get(ctx)
	if err != nil {
		return 0, fmt.Errorf("count documents: %w", err)
	}
	return number(result, "n")
}

// number returns an integer result of an aggregation.
func number(result firestore.AggregationResult, alias string) (int64, error) {
	value, ok := result[alias].(*firestorepb.Value)
	if !ok {
		return 0, fmt.Errorf("count documents: the reply has no number %s", alias)
	}
	return value.GetIntegerValue(), nil
}
