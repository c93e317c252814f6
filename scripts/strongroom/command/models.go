package command

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func modelsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "models", Short: "Show what was sent to language models"}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			listSendsCommand(a), storedRequestCommand(a),
		}
	})
	return cmd
}

// sendList is what models sends --json prints.
type sendList struct {
	Sends []api.ModelSend `json:"sends"`
	More  bool            `json:"more"` // the limit may have cut off more requests
}

func listSendsCommand(a *app) *cobra.Command {
	var o listOptions
	var feature string
	var platform bool
	cmd := &cobra.Command{
		Use:   "sends",
		Short: "List the requests to language models, the newest first",
		Long: `List the ledger of requests to language models, the newest first. Each was recorded before
it was sent: SHA256 is that of its exact bytes. The status open means that no end is recorded, so the
request may have been sent.`,
		Example: `  strongroom models sends
  strongroom models sends --feature explain-issue --limit 0 --json | jq -r '.sends[].sha256'
  strongroom models sends --platform                            # requests with public data (platform staff only)`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list[api.ModelSend]{
				public: true, pageSize: api.MaxModelSendPage, show: view.ModelSends,
				fetch: func(ctx context.Context, c *api.Client, size int, token string) ([]api.ModelSend, string, error) {
					page, err := c.ModelSends(ctx, platform, feature, size, token)
					return page.Sends, page.NextPageToken, err
				},
				wrap: func(sends []api.ModelSend, more bool) any { return sendList{sends, more} },
			}.print(cmd.Context(), a, o)
		},
	}
	o.addFlags(cmd, sendList{})
	cmd.Flags().StringVar(&feature, "feature", "", "filter by feature, such as explain-issue")
	cmd.Flags().BoolVar(&platform, "platform", false, "list the platform's own requests, which have public data (platform staff only)")
	return cmd
}

func dataMapCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "data-map",
		Short: "Show what may be done with each kind of data, and where it is stored",
		Example: `  strongroom data-map
  strongroom data-map --json | jq '.classes[] | select(.model)'`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printCall(cmd.Context(), a, asJSON, view.DataMap, func(ctx context.Context, c *api.Client) (api.DataMap, error) {
				return c.DataMap(ctx)
			})
		},
	}
	addJSONFlag(cmd, &asJSON, api.DataMap{})
	return cmd
}

// modelOptions are the flags of the commands that send data to a language model.
type modelOptions struct {
	destination   string
	preview, json bool
}

func (o *modelOptions) addFlags(cmd *cobra.Command, result any) {
	cmd.Flags().StringVar(&o.destination, "destination", "", "where to send the request: single-tenant or shared (default single-tenant if it is consented to)")
	cmd.Flags().BoolVar(&o.preview, "preview", false, "show exactly what would be sent, and send nothing")
	addJSONFlag(cmd, &o.json, result)
}

// run checks the flags and shows a preview, or calls send.
func (o *modelOptions) run(ctx context.Context, a *app, preview func(context.Context, *api.Client) (api.Preview, error), send func(context.Context, *api.Client) error) error {
	if err := checkOneOf("--destination", o.destination, "single-tenant", "shared"); err != nil {
		return err
	}
	client, err := a.settings.client("")
	if err != nil {
		return err
	}
	if !o.preview {
		return send(ctx, client) // never retried: each call sends a request
	}
	shown, err := withRetry(ctx, func(ctx context.Context) (api.Preview, error) { return preview(ctx, client) })
	if err != nil {
		return err
	}
	if o.json {
		return a.writeJSON(a.stdout, shown)
	}
	return view.Preview(a.stdout, shown)
}

func explainIssueCommand(a *app) *cobra.Command {
	var o modelOptions
	cmd := &cobra.Command{
		Use:   "explain ID",
		Short: "Explain an issue with a language model, if both halves of the consent are given",
		Long: `Explain an issue: what it means, its likely causes, and which task to run first. The answer is
printed as it arrives. It is written by a language model, so check it. Without consent, the
command fails and says which halves are missing.`,
		Example: `  strongroom issues explain ID
  strongroom issues explain ID --preview`,
		Args: exactArgs("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkIssueID(args[0]); err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			preview := func(ctx context.Context, c *api.Client) (api.Preview, error) {
				return c.PreviewExplain(ctx, args[0], o.destination)
			}
			return o.run(ctx, a, preview, func(ctx context.Context, c *api.Client) error { return a.explain(ctx, c, args[0], o) })
		},
	}
	o.addFlags(cmd, explanation{})
	return cmd
}

// explanation is what issues explain --json prints.
type explanation struct {
	Text string `json:"text"`
	api.Sent
}

func (a *app) explain(ctx context.Context, c *api.Client, id string, o modelOptions) error {
	if o.json {
		var whole explanation
		sent, err := c.Explain(ctx, id, o.destination, func(text string) error { whole.Text += text; return nil })
		if err != nil {
			return err
		}
		whole.Sent = sent
		return a.writeJSON(a.stdout, whole)
	}
	out := view.NewEscaper(a.stdout)
	sent, err := c.Explain(ctx, id, o.destination, func(text string) error { _, err := out.Write([]byte(text)); return err })
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		return err
	}
	return view.Sent(a.stdout, sent)
}

func summarizeCommand(a *app) *cobra.Command {
	return assistantModel[api.Summary]{
		preview: (*api.Client).PreviewSummary, send: (*api.Client).Summarize, show: view.Summary,
	}.command(a, &cobra.Command{
		Use:   "summary ID",
		Short: "Summarize the workspace with a language model, if both halves of the consent are given",
		Example: `  strongroom assistant summary oncall
  strongroom assistant summary oncall --preview`,
	})
}

func rankCommand(a *app) *cobra.Command {
	return assistantModel[api.Ranking]{
		preview: (*api.Client).PreviewRank, send: (*api.Client).Rank, show: view.Ranking,
	}.command(a, &cobra.Command{
		Use:   "rank ID",
		Short: "Show the next tasks in the order of a language model, if both halves of the consent are given",
		Long: `Show the tasks to run next, in the order of a language model. Only names that the public
catalog has are sent. Without consent, or without an answer that can be used, the tasks are in the
order of their scores, and the command says why. The exit code is 0 in both cases.`,
		Example: `  strongroom assistant rank oncall
  strongroom assistant rank oncall --preview
  strongroom assistant rank oncall --json | jq -r .orderedBy`,
	})
}

// assistantModel is a command that sends what an assistant knows to a language model.
type assistantModel[T any] struct {
	preview func(c *api.Client, ctx context.Context, id, destination string) (api.Preview, error)
	send    func(c *api.Client, ctx context.Context, id, destination string) (T, error)
	show    func(io.Writer, T) error
}

func (m assistantModel[T]) command(a *app, cmd *cobra.Command) *cobra.Command {
	var o modelOptions
	cmd.Args = exactArgs("ID")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkAssistantID(args[0]); err != nil {
			return err
		}
		ctx, stop := interruptible(cmd.Context())
		defer stop()
		preview := func(ctx context.Context, c *api.Client) (api.Preview, error) {
			return m.preview(c, ctx, args[0], o.destination)
		}
		return o.run(ctx, a, preview, func(ctx context.Context, c *api.Client) error {
			result, err := m.send(c, ctx, args[0], o.destination)
			if err != nil {
				return err
			}
			if o.json {
				return a.writeJSON(a.stdout, result)
			}
			return m.show(a.stdout, result)
		})
	}
	var result T
	o.addFlags(cmd, result)
	return cmd
}
