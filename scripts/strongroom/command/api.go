package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// apiOptions are the flags of api.
type apiOptions struct {
	fields, texts []string
	input         string
	contentType   string
	paginate      bool
}

// methods are the methods of the platform's API.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}

func apiCommand(a *app) *cobra.Command {
	var o apiOptions
	cmd := &cobra.Command{
		Use:   "api METHOD PATH",
		Short: "Send a request with the token to the platform's API",
		Long: `Send a request with the token to the platform's API, and print the response. METHOD is
GET, POST, PUT or DELETE. PATH begins with a slash: the token is never sent to another
host. The request is sent once; nothing is retried.

With GET and DELETE, fields are parameters of the query. Otherwise, they are the members of a
JSON object, which is the body.

An error response, application/problem+json, is printed too. The exit code says its kind:
see strongroom --help.`,
		Example: `  strongroom api GET /v1/data-map --jq '.classes[].name'
  strongroom api POST /v1/workspaces/prod/runs/search --field state=ended --paginate --jq '.runs[].id'
  strongroom api PUT /v1/workspaces/prod/slis/latency --input objective.json`,
		Args: exactArgs("METHOD", "PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.callAPI(ctx, o, args[0], args[1])
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.fields, "field", nil, "field as NAME=VALUE; a VALUE that is JSON, such as 5, true or [\"a\"], is sent as such, and @FILE is replaced by the file's content (repeatable)")
	flags.StringArrayVar(&o.texts, "raw-field", nil, "field as NAME=VALUE, whose VALUE is always a text (repeatable)")
	flags.StringVar(&o.input, "input", "", "file with the body, or - for stdin")
	flags.StringVar(&o.contentType, "content-type", "", "Content-Type of --input (default application/json)")
	flags.BoolVar(&o.paginate, "paginate", false, "request all pages, and print each as a line")
	onlyOneOf(cmd, "input", "field")
	onlyOneOf(cmd, "input", "raw-field")
	onlyOneOf(cmd, "input", "paginate")
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return methods, cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	addJQ(a, cmd)
	addTimeout(cmd)
	return cmd
}

// callAPI sends a request, and prints its response.
func (a *app) callAPI(ctx context.Context, o apiOptions, method, path string) error {
	method = strings.ToUpper(method)
	if !slices.Contains(methods, method) {
		return usageError("%q is not a method of the API: use %s", method, strings.Join(methods, ", "))
	}
	u, err := api.ParsePath(path)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	fields, err := o.parseFields()
	if err != nil {
		return err
	}
	client, err := a.settings.publicClient()
	if err != nil {
		return err
	}
	c := apiCall{app: a, client: client, options: o, method: method, path: u, fields: fields}
	if c.body, err = a.readInput(o.input); err != nil {
		return err
	}
	return c.run(ctx)
}

// parseFields returns the fields of the flags.
func (o apiOptions) parseFields() (map[string]any, error) {
	fields := map[string]any{}
	for _, flag := range []struct {
		name   string
		fields []string
		parse  func(string) (any, error)
	}{{"--field", o.fields, parseField}, {"--raw-field", o.texts, func(text string) (any, error) { return text, nil }}} {
		for _, field := range flag.fields {
			name, text, ok := strings.Cut(field, "=")
			if !ok || name == "" {
				return nil, usageError("%s %q is not NAME=VALUE", flag.name, field)
			}
			if _, twice := fields[name]; twice {
				return nil, usageError("%s %s is there twice", flag.name, name)
			}
			value, err := flag.parse(text)
			if err != nil {
				return nil, usageError("%s %s: %w", flag.name, name, err)
			}
			fields[name] = value
		}
	}
	return fields, nil
}

// parseField returns the value of a field.
func parseField(text string) (any, error) {
	if file, ok := strings.CutPrefix(text, "@"); ok {
		content, err := os.ReadFile(file)
		return string(content), err
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil || decoder.Decode(new(any)) != io.EOF {
		return text, nil
	}
	return value, nil
}

// readInput reads the body of a request. It returns nil for an empty name.
func (a *app) readInput(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	var content []byte
	var err error
	if name == "-" && a.stdin != nil {
		content, err = io.ReadAll(a.stdin)
	} else {
		content, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, usageError("--input: %w", err)
	}
	return append([]byte{}, content...), nil // an empty file is a body too
}

// apiCall is one invocation of api.
type apiCall struct {
	app     *app
	client  *api.Client
	options apiOptions
	method  string
	path    *url.URL
	fields  map[string]any
	body    []byte // of --input
}

// run sends the request, and with --paginate those for all further pages.
func (c apiCall) run(ctx context.Context) error {
	for seen := map[string]bool{}; ; {
		request, err := c.request()
		if err != nil {
			return err
		}
		response, err := c.client.Raw(ctx, request)
		if err != nil {
			return err
		}
		if err := c.print(response); err != nil || response.Problem != nil {
			return errors.Join(response.Problem, err)
		}
		var page struct{ NextPageToken string }
		if !c.options.paginate || json.Unmarshal(response.Body, &page) != nil || page.NextPageToken == "" {
			return nil
		}
		if seen[page.NextPageToken] {
			return errors.New("the platform returns the same page again")
		}
		seen[page.NextPageToken] = true
		c.fields["pageToken"] = page.NextPageToken
	}
}

// hasQuery reports whether fields are parameters of the query.
func (c apiCall) hasQuery() bool { return c.method == http.MethodGet || c.method == http.MethodDelete }

func (c apiCall) request() (api.RawRequest, error) {
	request := api.RawRequest{Method: c.method, Path: c.path.String(), Body: c.body, ContentType: c.options.contentType}
	switch {
	case len(c.fields) == 0:
	case c.hasQuery():
		path, query := *c.path, c.path.Query()
		for name, value := range c.fields {
			text, isText := value.(string)
			if !isText {
				encoded, err := api.Encode(value)
				if err != nil {
					return request, err
				}
				text = string(encoded)
			}
			query.Set(name, text)
		}
		path.RawQuery = query.Encode()
		request.Path = path.String()
	default:
		body, err := api.Encode(c.fields)
		if err != nil {
			return request, err
		}
		request.Body = body
	}
	return request, nil
}

// print writes a response: on a terminal, JSON is indented, and control characters are
// visible.
func (c apiCall) print(response api.RawResponse) error {
	body := response.Body
	if c.app.filter != nil && response.Problem == nil {
		_, err := c.app.jsonTo(c.app.stdout).Write(body)
		return err
	}
	if response.IsJSON {
		var formatted bytes.Buffer
		if c.app.isTerminal() && json.Indent(&formatted, body, "", "  ") == nil {
			body = formatted.Bytes()
		}
		body = append(bytes.TrimRight(body, "\n"), '\n')
	}
	out, flush := c.app.safeOutput()
	_, err := out.Write(body)
	return errors.Join(err, flush())
}
