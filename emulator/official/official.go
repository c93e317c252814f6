// Package official runs Google's own Firestore and Pub/Sub emulators as child
// processes, to replace the embedded parts. They come with gcloud and need Java.
package official

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Available returns nil if both emulators can be started. Otherwise, the error
// lists everything that is missing and how to install it.
func Available() error {
	_, noJava := exec.LookPath("java")
	if noJava != nil {
		noJava = errors.New("java is not on the PATH: the emulators need a Java runtime, 21 or newer")
	}
	root, err := sdkRoot()
	if err != nil {
		return errors.Join(err, noJava)
	}
	return errors.Join(noJava,
		component(root, "cloud-firestore-emulator"),
		component(root, "pubsub-emulator"))
}

// StartFirestore starts the Firestore emulator on a free port of 127.0.0.1. It
// returns when the emulator accepts requests. Stop or the end of ctx stops it.
func StartFirestore(ctx context.Context, projectID string) (*Process, error) {
	return start(ctx, "emulators", "firestore", "start", "--project="+projectID)
}

// StartPubSub starts the Pub/Sub emulator on a free port of 127.0.0.1. It returns
// when the emulator accepts requests. Stop or the end of ctx stops it.
func StartPubSub(ctx context.Context, projectID string) (*Process, error) {
	return start(ctx, "beta", "emulators", "pubsub", "start", "--project="+projectID)
}

// sdkRoot asks gcloud where it is installed, because packages differ in the place.
func sdkRoot() (string, error) {
	if _, err := exec.LookPath("gcloud"); err != nil {
		return "", errors.New("gcloud is not on the PATH: see cloud.google.com/sdk/docs/install")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "gcloud", "info", "--format=value(installation.sdk_root)").Output()
	if err != nil {
		return "", fmt.Errorf("find the gcloud installation: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

func component(root, name string) error {
	if _, err := os.Stat(filepath.Join(root, "platform", name)); err != nil {
		return fmt.Errorf("gcloud has no %s: run `gcloud components install %s`, or install the package google-cloud-cli-%s", name, name, name)
	}
	return nil
}
