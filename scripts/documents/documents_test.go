package documents_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/documents"
)

func TestCommandsOfADocument(t *testing.T) {
	t.Parallel()
	const text = "Call `strongroom runs ls --limit 3` or `a name`.\n\n" +
		"```sh\n" +
		"export TOKEN=$(strongroom token --as viewer)   # signs in\n" +
		"terraform show -json plan | go run ../../policy/check && echo 'a; b' > file\n" +
		"A=b gcloud storage rm --recursive \\\n  gs://BUCKET\n" +
		"```\n" +
		"```json\nstrongroom is no command here\n```\n"
	want := []documents.Command{
		{Line: 1, Words: []string{"strongroom", "runs", "ls", "--limit", "3"}},
		{Line: 4, Block: true, Words: []string{"strongroom", "token", "--as", "viewer"}},
		{Line: 5, Block: true, Words: []string{"terraform", "show", "-json", "plan"}},
		{Line: 5, Block: true, Words: []string{"go", "run", "../../policy/check"}},
		{Line: 5, Block: true, Words: []string{"echo", "a; b"}},
		{Line: 6, Block: true, Words: []string{"gcloud", "storage", "rm", "--recursive", "gs://BUCKET"}},
	}
	if diff := cmp.Diff(want, documents.Commands(text)); diff != "" {
		t.Error(diff)
	}
}

func FuzzCommands(f *testing.F) {
	f.Add("```sh\na | b \\\n```\n`strongroom '`")
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range documents.Commands(text) {
			if len(c.Words) == 0 || c.Line < 1 {
				t.Errorf("%+v", c)
			}
		}
	})
}
