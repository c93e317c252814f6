package function

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// own is the settings of a function in tests.
type own struct {
	Name string `env:"STRONGROOM_NAME,required,notEmpty"`
}

var complete = []string{"GOOGLE_CLOUD_PROJECT=a-project", "STRONGROOM_NAME=a-name", "PUBSUB_EMULATOR_HOST=127.0.0.1:1"}

func TestFunctionIsBuiltFromItsEnvironment(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	config, err := fromEnviron(t.Context(), complete, log, func(_ context.Context, config own, deps Deps) (own, error) {
		if deps.Clients.Config.ProjectID != "a-project" || deps.Clients.Config.PubSubHost != "127.0.0.1:1" {
			t.Errorf("the clients connect to %+v", deps.Clients.Config)
		}
		if deps.Now == nil || deps.After == nil || deps.Log != log {
			t.Errorf("deps are %+v", deps)
		}
		return config, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(own{"a-name"}, config); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestFunctionIsNotBuiltWithoutItsSettings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		environ []string
		want    []string
	}{
		"nothing is set":             {nil, []string{"GOOGLE_CLOUD_PROJECT", "STRONGROOM_NAME"}},
		"its own setting is missing": {[]string{"GOOGLE_CLOUD_PROJECT=p"}, []string{"STRONGROOM_NAME"}},
		"the project is missing":     {[]string{"STRONGROOM_NAME=n"}, []string{"GOOGLE_CLOUD_PROJECT"}},
		"an emulator in production":  {append([]string{"K_SERVICE=s"}, complete...), []string{"PUBSUB_EMULATOR_HOST"}},
		"its own setting is empty":   {[]string{"GOOGLE_CLOUD_PROJECT=p", "STRONGROOM_NAME="}, []string{"STRONGROOM_NAME"}},
		"the project is empty":       {[]string{"GOOGLE_CLOUD_PROJECT=", "STRONGROOM_NAME=n"}, []string{"GOOGLE_CLOUD_PROJECT"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := fromEnviron(t.Context(), test.environ, nil, func(context.Context, own, Deps) (own, error) {
				t.Error("the function is built")
				return own{}, nil
			})
			for _, setting := range test.want {
				if err == nil || !strings.Contains(err.Error(), setting) {
					t.Errorf("the error %v does not name %s", err, setting)
				}
			}
		})
	}
}

func TestSettingsRejectsAnEmulatorInProduction(t *testing.T) {
	t.Parallel()
	if _, _, err := Settings[own](append([]string{"K_SERVICE=s"}, complete...)); !errors.Is(err, gcp.ErrEmulatorInProduction) {
		t.Errorf("got %v", err)
	}
}

func TestNoSettingsNeedsOnlyTheProject(t *testing.T) {
	t.Parallel()
	got, err := fromEnviron(t.Context(), complete[:1], nil, NoSettings(func(deps Deps) string { return deps.Clients.Config.ProjectID }))
	if err != nil || got != "a-project" {
		t.Errorf("got %q, %v", got, err)
	}
}
