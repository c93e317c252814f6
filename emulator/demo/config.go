package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// plantedKey looks like a key of AWS. No account has it.
const plantedKey = "AKIA" + "DEMONSTRATIONZZZ"

// configFile returns a file as the public generators write it. Its note is a place where
// people paste what they should not.
func configFile(note string) string {
	return "apiVersion: runwhen.com/v1\nkind: ServiceLevelX\nmetadata:\n  name: prod--shop\nspec:\n  alias: The shop\n" +
		"  additionalContext: {qualified_name: " + configuredResource + "}\n  configProvided:\n    - {name: NOTE, value: " + note + "}\n"
}

// configuredResource is what the configured tasks work on.
const configuredResource = "shop/web"

// runbookFile names the file of tasks, which is in the catalog.
const runbookFile = "apiVersion: runwhen.com/v1\nkind: Runbook\nmetadata:\n  name: prod--shop\nspec:\n" +
	"  codeBundle: {repoUrl: https://example.com/tasks.git, pathToRobot: k8s-deployment/runbook.robot}\n"

// showConfig reviews a configuration with a secret, then without it, pushes it and clones it.
// Then the assistant names the configured resource.
func (d *Demo) showConfig(ctx context.Context) error {
	d.printf("\n8. A builder of %s reviews a configuration, pushes it with git, and a viewer clones it and asks what to run\n\n", acme)
	dir := filepath.Join(d.scratch, "config")
	if err := os.MkdirAll(filepath.Join(dir, "slxs"), 0o700); err != nil {
		return fmt.Errorf("create a configuration: %w", err)
	}
	file := filepath.Join(dir, "slxs", "shop.yaml")
	err := errors.Join(
		os.WriteFile(file, []byte(configFile(plantedKey)), 0o600),
		os.WriteFile(filepath.Join(dir, "slxs", "shop-runbook.yaml"), []byte(runbookFile), 0o600),
	)
	if err != nil {
		return fmt.Errorf("write a configuration: %w", err)
	}
	d.printf("  The review before a byte leaves, of files with a planted key:\n\n")
	if err := d.review(ctx, dir, 1, "aws-access-key"); err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(configFile("see the runbook")), 0o600); err != nil {
		return fmt.Errorf("write a configuration: %w", err)
	}
	d.printf("\n  The same files without the key:\n\n")
	if err := d.review(ctx, dir, 0, "the review is recorded"); err != nil {
		return err
	}
	if _, missing := exec.LookPath("git"); missing != nil {
		d.printf("\n  git is not installed, so strongroom pushes and copies:\n\n")
		err = d.pushWithoutGit(ctx, dir)
	} else {
		err = d.pushWithGit(ctx, dir)
	}
	if err != nil {
		return err
	}
	return d.askAboutConfig(ctx)
}

// askAboutConfig asks the assistant what to run next, and where.
func (d *Demo) askAboutConfig(ctx context.Context) error {
	if err := d.waitForEvents(ctx); err != nil {
		return err
	}
	var reply struct {
		Next struct {
			Tasks []struct {
				Name       string
				Configured struct{ SLX, Resource string }
			}
		}
	}
	if err := d.get(ctx, d.path("assistants/oncall"), &reply); err != nil {
		return fmt.Errorf("ask the assistant: %w", err)
	}
	d.printf("\n  The assistant says what to run, and where:\n\n")
	t := table{head: []string{"task", "SLX", "resource", "result"}}
	for _, task := range reply.Next.Tasks {
		t.add(task.Name, task.Configured.SLX, task.Configured.Resource, d.check(task.Configured.Resource == configuredResource))
	}
	if len(t.rows) == 0 {
		t.add("no task", "", "", d.check(false))
	}
	return t.print(d.out)
}

// review prints the review of a directory, and checks its exit code.
func (d *Demo) review(ctx context.Context, dir string, want int, text string) error {
	return d.showAs(ctx, "builder", step{args: []string{"config", "review", dir, "--fail-on", "finding"}, code: want, want: text})
}

func (d *Demo) pushWithoutGit(ctx context.Context, dir string) error {
	return errors.Join(
		d.showAs(ctx, "builder", step{args: []string{"config", "push", dir}, want: "is in effect"}),
		d.showAs(ctx, "viewer", step{args: []string{"config", "pull", filepath.Join(d.scratch, "copy")}, want: "2 files"}),
	)
}

// pushWithGit pushes and clones with the git of this machine, which gets the token from a
// credential helper.
func (d *Demo) pushWithGit(ctx context.Context, dir string) error {
	url := d.cloud.URL + d.path("config.git")
	clone := filepath.Join(d.scratch, "clone")
	d.printf("\n  Pushed and cloned with git:\n\n")
	for _, g := range []struct {
		as   string
		args []string
		want string // in the output
	}{
		{"builder", []string{"-C", dir, "init", "--quiet", "--initial-branch=main"}, ""},
		{"builder", []string{"-C", dir, "add", "-A"}, ""},
		{"builder", []string{"-C", dir, "commit", "--quiet", "-m", "watch the shop"}, ""},
		{"builder", []string{"-C", dir, "push", url, "main"}, "main -> main"},
		{"viewer", []string{"-C", d.scratch, "clone", url, clone}, "Cloning"},
		{"viewer", []string{"-C", clone, "log", "--oneline"}, "watch the shop"},
	} {
		out, err := d.git(ctx, g.as, g.args...)
		if err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
		for line := range strings.Lines(out) {
			d.printf("    %s", line)
		}
		d.printf("  git %s: %s\n", g.args[2], d.check(err == nil && strings.Contains(out, g.want)))
	}
	cloned, err := os.ReadFile(filepath.Join(clone, "slxs", "shop.yaml"))
	d.printf("  the clone has the reviewed file: %s\n", d.check(err == nil && string(cloned) == configFile("see the runbook")))
	return nil
}

// git runs git as a persona, without the settings of this machine, and returns its output.
func (d *Demo) git(ctx context.Context, persona string, args ...string) (string, error) {
	token, err := d.cloud.Token(acme, persona)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=credential.helper", "GIT_CONFIG_VALUE_0=!f() { echo username=token; echo \"password=$STRONGROOM_TOKEN\"; }; f",
		"STRONGROOM_TOKEN="+token, "NO_PROXY=127.0.0.1",
		"GIT_AUTHOR_NAME=Builder", "GIT_AUTHOR_EMAIL=builder@acme.example", "GIT_COMMITTER_NAME=Builder", "GIT_COMMITTER_EMAIL=builder@acme.example")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.String(), err
}
