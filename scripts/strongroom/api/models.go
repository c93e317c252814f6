package api

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Sent is what was sent to a language model.
type Sent struct {
	Entry       string   `json:"entry"` // ID of the entry models.send in the audit log
	Destination string   `json:"destination"`
	Model       string   `json:"model"`
	Omitted     []string `json:"omitted,omitempty"` // fields that did not fit
	Cut         bool     `json:"cut,omitempty"`     // the answer is not complete
	Evidence    []string `json:"evidence"`          // IDs in the answer that were sent
}

// Preview is what would be sent to a language model.
type Preview struct {
	Destination string `json:"destination"`
	Project     string `json:"project"`
	Location    string `json:"location"`
	Model       string `json:"model"`
	Request     string `json:"request"` // byte for byte
	Bytes       int    `json:"bytes"`
	SHA256      string `json:"sha256"`
	Fields      []struct {
		Name  string `json:"name"`
		Class string `json:"class"`
	} `json:"fields"`
	Omitted []string `json:"omitted"`
	Allowed bool     `json:"allowed"`
	Missing []struct {
		Destination string `json:"destination"`
		Side        string `json:"side"`
		State       string `json:"state"`
	} `json:"missing"`
	SamePerson bool `json:"samePerson,omitempty"`
}

// maxAnswerLine bounds one line of a streamed answer, in bytes.
const maxAnswerLine = 1 << 20

// errNoEnd is the error of a streamed answer that breaks off.
var errNoEnd = errors.New("the answer broke off; try again")

// Explain sends an issue to a language model, and passes the pieces of the answer to
// write as they come. An empty destination is the preferred one. Each call sends a
// request, so it is not safe to retry.
func (c *Client) Explain(ctx context.Context, id, destination string, write func(text string) error) (Sent, error) {
	const what = "explain the issue"
	body, err := Encode(modelRequest{destination})
	if err != nil {
		return Sent{}, fmt.Errorf("%s: %w", what, err)
	}
	ctx, alive, cancel := watch(ctx)
	defer cancel()
	res, err := c.send(ctx, request{what: what, method: http.MethodPost, path: c.issuePath(id) + "/explain"}, body)
	if err != nil {
		return Sent{}, err
	}
	defer closeBody(res.Body)
	return readAnswer(what, &liveReader{res.Body, alive}, write)
}

type modelRequest struct {
	Destination string `json:"destination,omitempty"`
}

// readAnswer reads the lines of a streamed answer.
func readAnswer(what string, r io.Reader, write func(text string) error) (Sent, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxAnswerLine)
	for lines.Scan() {
		var line struct {
			Text  string
			End   *Sent
			Error *Problem
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return Sent{}, fmt.Errorf("%s: %w", what, errNoEnd)
		}
		switch {
		case line.Error != nil:
			line.Error.What = what
			return Sent{}, line.Error
		case line.End != nil:
			return *line.End, nil
		}
		if err := write(line.Text); err != nil {
			return Sent{}, err
		}
	}
	return Sent{}, fmt.Errorf("%s: %w", what, errNoEnd)
}

// PreviewExplain reads what explaining an issue would send. Nothing is sent.
func (c *Client) PreviewExplain(ctx context.Context, id, destination string) (Preview, error) {
	return c.preview(ctx, "preview the explanation", c.issuePath(id)+"/explain", destination)
}

func (c *Client) preview(ctx context.Context, what, path, destination string) (Preview, error) {
	r := request{what: what, method: http.MethodGet, path: path + "/preview"}
	if destination != "" {
		r.query = url.Values{"destination": {destination}}
	}
	var p Preview
	err := c.call(ctx, r, &p)
	return p, err
}

// Summary is a model's summary of a workspace.
type Summary struct {
	Lines []string `json:"lines"` // untrusted text
	Sent
}

// maxModelResponse bounds the responses of Summarize, which are ten lines and what was
// sent, and of Rank, which are at most ten tasks.
const maxModelResponse = 1 << 20

// Summarize sends what is wrong in the workspace to a language model. Each call sends a
// request, so it is not safe to retry.
func (c *Client) Summarize(ctx context.Context, assistant, destination string) (Summary, error) {
	var s Summary
	err := c.askModel(ctx, request{what: "summarize the workspace", path: c.assistantPath(assistant) + "/summary"}, destination, &s)
	return s, err
}

// askModel sends a request to a language model once, and decodes the response into out.
func (c *Client) askModel(ctx context.Context, r request, destination string, out any) error {
	r.method = http.MethodPost
	body, err := Encode(modelRequest{destination})
	if err != nil {
		return fmt.Errorf("%s: %w", r.what, err)
	}
	response, err := c.readAll(ctx, r, body, maxModelResponse) // an answer may take longer than other calls
	if err != nil {
		return err
	}
	if err := json.Unmarshal(response, out); err != nil {
		return fmt.Errorf("%s: the response is not the expected JSON", r.what)
	}
	return nil
}

// PreviewSummary reads what a summary would send. Nothing is sent.
func (c *Client) PreviewSummary(ctx context.Context, assistant, destination string) (Preview, error) {
	return c.preview(ctx, "preview the summary", c.assistantPath(assistant)+"/summary", destination)
}

// Ranking is the suggested tasks in the order of a model, or of their scores.
type Ranking struct {
	Next      Next   `json:"next"`
	OrderedBy string `json:"orderedBy" doc:"model, or score if there is no order of a model"`
	Sent      *Sent  `json:"sent,omitempty" doc:"absent: nothing was sent, or there is no answer"`
	Fallback  *struct {
		Code   string  `json:"code"`
		Detail string  `json:"detail"`
		Errors []Fault `json:"errors,omitempty" doc:"such as each half of the consent that is missing"`
	} `json:"fallback,omitempty" doc:"why there is no order of a model; absent: there is one, or there are fewer than two tasks of the catalog to order"`
}

// OrderedByModel is the value of OrderedBy if a model has ordered the tasks.
const OrderedByModel = "model"

// Rank sends the public names of the suggested tasks to a language model, and returns the
// tasks in its order. Each call sends a request, so it is not safe to retry.
func (c *Client) Rank(ctx context.Context, assistant, destination string) (Ranking, error) {
	var ranking Ranking
	err := c.askModel(ctx, request{what: "order the next tasks", path: c.assistantPath(assistant) + "/rank"}, destination, &ranking)
	return ranking, err
}

// PreviewRank reads what ordering the next tasks would send. Nothing is sent.
func (c *Client) PreviewRank(ctx context.Context, assistant, destination string) (Preview, error) {
	return c.preview(ctx, "preview the order of the next tasks", c.assistantPath(assistant)+"/rank", destination)
}

// ModelSend is a request to a language model on the ledger.
type ModelSend struct {
	Entry        string     `json:"entry"`
	Time         time.Time  `json:"time"`
	Feature      string     `json:"feature"`
	Destination  string     `json:"destination"`
	ProjectID    string     `json:"projectId"`
	Location     string     `json:"location"`
	Model        string     `json:"model"`
	Workspace    string     `json:"workspace,omitempty"`
	Resource     string     `json:"resource,omitempty"`
	Fields       []string   `json:"fields"`
	Omitted      []string   `json:"omitted,omitempty"`
	Bytes        int64      `json:"bytes"`
	SHA256       string     `json:"sha256"`
	Consents     []string   `json:"consents,omitempty"`
	StoredUntil  *time.Time `json:"storedUntil,omitempty"`
	Status       string     `json:"status"` // open: no end is recorded
	Reason       string     `json:"reason,omitempty"`
	Ended        *time.Time `json:"ended,omitempty"`
	EndEntry     string     `json:"endEntry,omitempty"`
	Version      string     `json:"version,omitempty"`
	PromptTokens int64      `json:"promptTokens,omitempty"`
	AnswerTokens int64      `json:"answerTokens,omitempty"`
	AnswerBytes  int64      `json:"answerBytes,omitempty"`
	AnswerSHA256 string     `json:"answerSha256,omitempty"`
}

// MaxModelSendPage is the maximum number of requests on one page.
const MaxModelSendPage = 200

// ModelSendPage is one page of the ledger, the newest request first.
type ModelSendPage struct {
	Sends         []ModelSend `json:"sends"`
	NextPageToken string      `json:"nextPageToken,omitempty"`
}

// ModelSends reads one page of at most size requests: of the caller's tenant, or of the
// platform itself. An empty feature selects all.
func (c *Client) ModelSends(ctx context.Context, platform bool, feature string, size int, token string) (ModelSendPage, error) {
	r := request{what: "list the requests to models", method: http.MethodGet, path: "/v1/model-sends", query: pageQuery(size, token, map[string]string{"feature": feature})}
	if platform {
		r.path = "/v1/platform/model-sends"
	}
	var page ModelSendPage
	err := c.call(ctx, r, &page)
	return page, err
}

// StoredRequest is the exact request of an entry of the ledger.
type StoredRequest struct {
	Entry   string `json:"entry" doc:"ID of its entry models.send in the audit log"`
	SHA256  string `json:"sha256" doc:"of the request, and in the audit entry; in hex"`
	Request string `json:"request" doc:"the body that was sent, byte for byte"`
}

// StoredRequest reads the request of an entry of a tenant's ledger. It returns an error
// unless the SHA-256 of the request is that of the entry in the audit log.
func (c *Client) StoredRequest(ctx context.Context, log AuditLog, entry string) (StoredRequest, error) {
	want, err := c.sentDigest(ctx, log, entry)
	if err != nil {
		return StoredRequest{}, err
	}
	var stored StoredRequest
	err = c.call(ctx, request{what: "read the stored request", method: http.MethodGet, path: "/v1/model-sends/" + url.PathEscape(entry) + "/request"}, &stored)
	if IsNotFound(err) {
		return StoredRequest{}, fmt.Errorf("the exact request of entry %s is not stored, or no longer; the tenant's record sets how long requests are stored, and the default is not at all: %w", entry, err)
	}
	if err != nil {
		return StoredRequest{}, err
	}
	sum := sha256.Sum256([]byte(stored.Request))
	for _, recorded := range []string{want, stored.SHA256} {
		if got := hex.EncodeToString(sum[:]); got != recorded {
			return StoredRequest{}, fmt.Errorf("the stored request of entry %s is NOT the one that was sent: its SHA-256 is %s, and the ledger's is %s", entry, got, printable(recorded))
		}
	}
	return stored, nil
}

// sentDigest returns the SHA-256 that the audit log has of a request to a model.
func (c *Client) sentDigest(ctx context.Context, log AuditLog, id string) (string, error) {
	found, err := c.AuditEntry(ctx, log, id)
	if IsNotFound(err) {
		return "", fmt.Errorf("the ledger has no entry %s; to list its entries: strongroom models sends: %w", id, err)
	}
	if err != nil {
		return "", err
	}
	var entry struct {
		Action string
		Model  struct{ SHA256 string }
	}
	if err := json.Unmarshal(found.Entry, &entry); err != nil || entry.Action != "models.send" {
		return "", fmt.Errorf("the audit entry %s does not record a request to a model; to list such entries: strongroom models sends", id)
	}
	return entry.Model.SHA256, nil
}

// DataMap is what may be done with each class of data, and where it is.
type DataMap struct {
	Classes []struct {
		Class    string   `json:"class"`
		What     string   `json:"what"`
		Plain    []string `json:"plain"`
		Sealed   []string `json:"sealed"`
		Keys     []string `json:"keys"`
		Readers  []string `json:"readers"`
		Model    bool     `json:"model"`
		Consents []string `json:"consents"`
		Kept     string   `json:"kept"`
	} `json:"classes"`
	Locations []struct {
		Place  string   `json:"place"`
		Name   string   `json:"name"`
		What   string   `json:"what"`
		Plain  []string `json:"plain"`
		Sealed []string `json:"sealed"`
	} `json:"locations"`
}

// DataMap reads the data map.
func (c *Client) DataMap(ctx context.Context) (DataMap, error) {
	var m DataMap
	err := c.call(ctx, request{what: "read the data map", method: http.MethodGet, path: "/v1/data-map"}, &m)
	return m, err
}
