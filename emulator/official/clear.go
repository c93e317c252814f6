package official

import (
	"context"
	"fmt"
	"net/http"
)

// ClearFirestore deletes all documents of databases from the Firestore emulator at
// host. They are unreadable for a cloud that does not have the keys of the cloud that
// wrote them. It is a method that only the emulator has:
// firebase.google.com/docs/emulator-suite/connect_firestore#clear_your_database_between_tests
func ClearFirestore(ctx context.Context, host, projectID string, databases ...string) error {
	for _, database := range databases {
		url := fmt.Sprintf("http://%s/emulator/v1/projects/%s/databases/%s/documents", host, projectID, database)
		request, err := http.NewRequestWithContext(ctx, http.MethodDelete, url, nil)
		if err != nil {
			return fmt.Errorf("clear the Firestore emulator: %w", err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("clear the Firestore emulator: %w", err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("clear the Firestore emulator at %s: status %d; it must be Google's emulator", host, response.StatusCode)
		}
	}
	return nil
}
