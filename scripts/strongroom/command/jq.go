package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/itchyny/gojq"
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

// addJQ adds --jq to a command that has --json.
func addJQ(a *app, cmd *cobra.Command) {
	var expression string
	cmd.Flags().StringVar(&expression, "jq", "", "print what this jq expression selects from the JSON; texts are printed without quotes")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("jq") {
			filter, err := parseJQ(expression)
			if err != nil {
				return err
			}
			a.filter = filter
			if cmd.Flags().Lookup("json") != nil {
				if err := cmd.Flags().Set("json", "true"); err != nil {
					return err
				}
			}
		}
		return run(cmd, args)
	}
}

// parseJQ compiles an expression. It can read neither the environment nor files.
func parseJQ(expression string) (*gojq.Code, error) {
	query, err := gojq.Parse(expression)
	if err != nil {
		return nil, usageError("--jq: %w", err)
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return nil, usageError("--jq: %w", err)
	}
	return code, nil
}

// jsonTo returns a writer for lines of JSON, one in each Write. With --jq, it writes what the
// expression selects.
func (a *app) jsonTo(w io.Writer) io.Writer {
	if a.filter == nil {
		return w
	}
	return &filterWriter{a.filter, w, a.isTerminal()}
}

// entriesTo returns where entries are written to.
func (a *app) entriesTo(asJSON bool) io.Writer {
	if asJSON {
		return a.jsonTo(a.stdout)
	}
	return a.stdout
}

type filterWriter struct {
	filter     *gojq.Code
	out        io.Writer
	isTerminal bool
}

// Write implements io.Writer.
func (f *filterWriter) Write(line []byte) (int, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber() // large numbers stay as they are
	var value any
	if err := decoder.Decode(&value); err != nil {
		return 0, fmt.Errorf("--jq: the result is not JSON: %w", err)
	}
	for results := f.filter.Run(value); ; {
		result, more := results.Next()
		if !more {
			return len(line), nil
		}
		if err, failed := result.(error); failed {
			var halt *gojq.HaltError
			if errors.As(err, &halt) && halt.Value() == nil {
				return len(line), nil
			}
			return 0, fmt.Errorf("--jq: %s", view.Name(err.Error()))
		}
		if err := f.print(result); err != nil {
			return 0, err
		}
	}
}

// print writes a result: a text as it is, everything else as JSON.
func (f *filterWriter) print(result any) error {
	text, isText := result.(string)
	if !isText {
		encoded, err := api.Encode(result)
		if err != nil {
			return err
		}
		text = string(encoded)
	}
	if !f.isTerminal {
		_, err := io.WriteString(f.out, text+"\n")
		return err
	}
	escaper := view.NewEscaper(f.out)
	_, err := io.Copy(escaper, strings.NewReader(text+"\n"))
	return errors.Join(err, escaper.Flush())
}
