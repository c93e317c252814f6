package gcp_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Law 9: with K_SERVICE set, any emulator setting stops the process at start.
func TestLaw9NoEmulatorInProduction(t *testing.T) {
	t.Parallel()
	const production = "K_SERVICE=uploads"
	for name, test := range map[string]struct {
		environ []string
		setting string // that is named; empty: nothing is refused
	}{
		"production without an emulator":      {[]string{production, "GOOGLE_CLOUD_PROJECT=p"}, ""},
		"an emulator outside production":      {[]string{"FIRESTORE_EMULATOR_HOST=h:1"}, ""},
		"a variable that only looks like one": {[]string{production, "NOTE=FIRESTORE_EMULATOR_HOST=h:1"}, ""},
		"another K_ variable":                 {[]string{"K_SERVICES=uploads", "FIRESTORE_EMULATOR_HOST=h:1"}, ""},
		"Firestore":                           {[]string{production, "FIRESTORE_EMULATOR_HOST=h:1"}, "FIRESTORE_EMULATOR_HOST"},
		"Storage":                             {[]string{"STORAGE_EMULATOR_HOST=h:1", production}, "STORAGE_EMULATOR_HOST"},
		"Storage, for gRPC":                   {[]string{production, "STORAGE_EMULATOR_HOST_GRPC=h:1"}, "STORAGE_EMULATOR_HOST_GRPC"},
		"Pub/Sub":                             {[]string{production, "PUBSUB_EMULATOR_HOST=h:1"}, "PUBSUB_EMULATOR_HOST"},
		"Cloud KMS":                           {[]string{production, "KMS_EMULATOR_HOST=h:1"}, "KMS_EMULATOR_HOST"},
		"IAM Credentials":                     {[]string{production, "IAM_CREDENTIALS_EMULATOR_HOST=h:1"}, "IAM_CREDENTIALS_EMULATOR_HOST"},
		"an emulated identity":                {[]string{production, "EMULATOR_ACCESS_TOKEN=ya29.x"}, "EMULATOR_ACCESS_TOKEN"},
		"Firebase":                            {[]string{production, "FUNCTIONS_EMULATOR=true"}, "FUNCTIONS_EMULATOR"},
		"the hub of Firebase's":               {[]string{production, "FIREBASE_EMULATOR_HUB=h:1"}, "FIREBASE_EMULATOR_HUB"},
		"an emulator of the future":           {[]string{production, "SPANNER_EMULATOR_HOST=h:1"}, "SPANNER_EMULATOR_HOST"},
		"a setting without a value":           {[]string{production, "FIRESTORE_EMULATOR_HOST="}, "FIRESTORE_EMULATOR_HOST"},
		"a setting in small letters":          {[]string{production, "firestore_emulator_host=h:1"}, "firestore_emulator_host"},
		"a K_SERVICE without a value":         {[]string{"K_SERVICE=", "FIRESTORE_EMULATOR_HOST=h:1"}, "FIRESTORE_EMULATOR_HOST"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := gcp.RefuseEmulatorInProduction(test.environ)
			if test.setting == "" && err != nil {
				t.Errorf("refused: %v", err)
			}
			if test.setting != "" && (!errors.Is(err, gcp.ErrEmulatorInProduction) || !strings.Contains(err.Error(), test.setting)) {
				t.Errorf("got %v, want a refusal that names %s", err, test.setting)
			}
			if err != nil && (strings.Contains(err.Error(), "h:1") || strings.Contains(err.Error(), "ya29")) {
				t.Errorf("the error shows a value: %v", err)
			}
		})
	}
}

const childSetting = "STRONGROOM_LAW9_CHILD"

// A whole process with such an environment does not get its settings.
func TestLaw9NoEmulatorInProductionAtStart(t *testing.T) {
	if os.Getenv(childSetting) != "" {
		config, err := gcp.FromEnv[struct{ Cloud gcp.Config }](os.Environ())
		if config.Cloud.ProjectID != "" || config.Cloud.FirestoreHost != "" {
			t.Fatal("settings were read")
		}
		if errors.Is(err, gcp.ErrEmulatorInProduction) {
			os.Exit(3)
		}
		t.Fatal(err)
	}
	t.Parallel()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLaw9NoEmulatorInProductionAtStart$")
	child.Env = append(os.Environ(), childSetting+"=1", "K_SERVICE=uploads", "GOOGLE_CLOUD_PROJECT=p", "FIRESTORE_EMULATOR_HOST=127.0.0.1:1")
	output, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("the process ended with %v: %s", err, output)
	}
}

func TestFromEnvNamesAllThatIsMissing(t *testing.T) {
	t.Parallel()
	type settings struct {
		Cloud gcp.Config
		Key   string `env:"STRONGROOM_KEY,required,notEmpty"`
	}
	_, err := gcp.FromEnv[settings]([]string{"STRONGROOM_KEY="})
	if err == nil || !strings.Contains(err.Error(), "GOOGLE_CLOUD_PROJECT") || !strings.Contains(err.Error(), "STRONGROOM_KEY") {
		t.Errorf("got %v", err)
	}
	got, err := gcp.FromEnv[settings]([]string{"STRONGROOM_KEY=k", "GOOGLE_CLOUD_PROJECT=p", "EMULATOR_ACCESS_TOKEN=t"})
	if err != nil || got.Key != "k" || got.Cloud.ProjectID != "p" || got.Cloud.AccessToken.Reveal() != "t" {
		t.Errorf("got %v, %v", got, err)
	}
}
