package api

import (
	"cmp"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/outputname"
)

// patterns are the forms of the parameters that are texts, by name, unless the
// parameter has a pattern of its own. The OpenAPI document has them. The operations
// check the values themselves, because their errors say more than a pattern does. A
// query parameter must not be free text, because the load balancer logs it:
// infra/adr/0022-no-text-in-query-strings.md.
var patterns = map[string]string{
	"workspace": `^[a-z0-9-]{1,63}$`,
	"run":       `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
	"output":    outputname.Pattern,
	"issue":     `^[a-z2-7]{52}$`,
	"sli":       `^[^\x00-\x1f\x7f]{1,256}$`,
	"assistant": `^[a-z0-9-]{1,63}$`,
	"tenant":    `^[a-z0-9-]{1,63}$`,
	"idPrefix":  `^[0-9a-f-]{1,36}$`,
	"entry":     `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
	"tile":      `^([0-9]{1,2}|entries)/(x[0-9]{3}/){0,6}[0-9]{3}(\.p/[1-9][0-9]{0,2})?$`,
	"export":    `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
	"schedule":  `^[a-z0-9-]{1,63}$`,
	"send":      `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
	"review":    `^[0-9a-f]{64}$`,
	"file":      `^[0-9a-f]{64}$`,
	"hold":      `^[a-z0-9-]{1,63}$`,
	"member":    `^[0-9a-f]{64}$`,
	"rule":      `^[0-9a-f]{64}$`,
	"text":      `^v[0-9]{1,4}-[0-9a-f]{12}$`,

	"feature":     `^[a-z-]{1,40}$`,
	"destination": `^(single-tenant|shared)$`,

	"pageToken": `^[A-Za-z0-9_-]{0,32768}$`,
	"actor":     `^[0-9a-f]{32}$`,
	"action":    `^[a-z]+(\.[a-z]+){1,3}$`,
	"resource":  `^(catalog|(runs|issues|slis|assistants|tenants|quarantine|dead-letters|audit|consents|consent-texts|model-sends|config-reviews|holds|members|trust-rules)/[A-Za-z0-9._~/-]{1,500})$`,
	"lines":     `^[0-9]{1,18}-[0-9]{0,18}$`,
	"continue":  `^[0-9]{1,5}$`,
}

// describeParameters adds the patterns of texts to the parameters of an operation,
// unless they have one of their own, which huma checks. It panics if a text has no
// pattern, values or format. The pattern is added after huma has compiled the
// operation, so huma does not check it.
func describeParameters(op *huma.Operation) {
	for _, p := range op.Parameters {
		s := p.Schema
		if p.In == "header" || s.Type != huma.TypeString || len(s.Enum) > 0 || s.Format != "" {
			continue
		}
		if s.Pattern = cmp.Or(s.Pattern, patterns[p.Name]); s.Pattern == "" {
			panic(fmt.Sprintf("api: %s: the parameter %s needs a pattern in package api, or an enum", op.OperationID, p.Name))
		}
	}
}

// withStatuses returns op with the statuses of the errors that package api itself
// returns for it.
func withStatuses(op huma.Operation, in reflect.Type) huma.Operation {
	own := []int{
		http.StatusBadRequest, http.StatusRequestURITooLong, http.StatusUnprocessableEntity,
		http.StatusInternalServerError, http.StatusServiceUnavailable,
	}
	_, hasBody := in.FieldByName("Body")
	_, hasText := in.FieldByName("RawBody")
	if hasBody || hasText {
		own = append(own, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	op.Errors = slices.Compact(slices.Sorted(slices.Values(slices.Concat(op.Errors, own))))
	return op
}
