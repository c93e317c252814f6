package command

import (
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
)

const filesHelp = `Files become outputs by these rules:
  - All files below a directory are uploaded, hidden ones too. An output has the name of
    the file's path in the directory, whatever characters it has.
  - A link to a file in the same directory is uploaded as that file. Other links, named
    pipes, sockets and devices are left out.
  - --include and --exclude select files. * and ? match within one name, ** also matches
    slashes. A pattern without a slash matches a name at any depth; a directory's name
    stands for all files in it. --exclude has precedence. issues.jsonl and samples.jsonl
    at the top are always read.
  - A file that cannot be an output, because its name is too long, it cannot be read, or
    there are more than 1000, stops nothing. It is listed, --json and the run's record
    have it, and the outcome "success" or "failure" becomes "error".`

// ruleFlags are the flags that select files.
type ruleFlags struct{ include, exclude []string }

func (r *ruleFlags) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&r.include, "include", nil, "upload only files that match this pattern, such as '*.log' or 'reports/**' (repeatable; default all)")
	flags.StringArrayVar(&r.exclude, "exclude", nil, "do not upload files that match this pattern (repeatable)")
}

func (r *ruleFlags) parse() (files.Rules, error) { return files.ParseRules(r.include, r.exclude) }
