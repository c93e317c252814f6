// Package exportscheduler is the function that creates the exports of schedules, and
// continues exports that are stalled. It is deployed as export-scheduler.
//
// # Trigger
//
// POST /, every 15 minutes, by Cloud Scheduler as its own service account. The
// platform checks that before the code runs. Concurrent calls are safe.
//
// # Steps
//
//  1. For each schedule whose next window has ended, it creates the export of that
//     window, and of all that followed and have ended. The export and the schedule's
//     next window are written in one transaction, and the export's ID follows from the
//     schedule's name and the window's end. So each window is exported once.
//  2. It publishes the messages of parts again that were not written for half an hour,
//     and of all parts of paused exports.
//  3. It ends exports that were paused for a day, or whose read time is more than 7
//     days ago.
//
// A window is read as of its end, which the database permits for 7 days. A window that
// ended more than 6 days ago becomes part of the next one. If the tenant's key is
// disabled, or 5 of its exports are active, its windows wait.
//
// # Windows that overlap or are requested again
//
// Each schedule exports each of its windows once, whatever other schedules and persons
// export. If the windows of two schedules overlap, both exports have the documents of the
// time that they share; functions/exportworker says how to join exports. A schedule that
// is requested again, or deleted and created again with the same name, does not export a
// window again that it has exported, also not with other kinds.
//
// # Responses
//
//	200  {"created":2,"locked":0,"full":0,"republished":0,"expired":0,"failed":0,"more":false}
//	500  a database or the directory cannot be read; the next call tries again
//	503  the same for a transient failure
//
//	field        meaning
//	created      exports of windows
//	locked       schedules that wait because the tenant's key is disabled; each is logged
//	full         schedules that wait because the tenant has 5 active exports
//	republished  messages of parts
//	expired      exports that it ended
//	failed       schedules and exports with an error; each is logged and tried again
//	more         the next call has work left
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//	STRONGROOM_AUDIT_KEY  projects/…/cryptoKeys/… that encrypts the audit log
//
// # IAM
//
//	strongroom.documentWriter                   on each database: reads and writes, deletes nothing
//	roles/datastore.viewer                      on the directory
//	roles/cloudkms.cryptoKeyEncrypter           on the audit key
//	roles/cloudkms.cryptoKeyEncrypter           on each tenant's key: finds out whether it is enabled
//	roles/pubsub.publisher                      on export-parts
//
// The function has no role on any bucket, and cannot decrypt tenants' data.
//
// # Try it
//
// While go run ./emulator runs, the embedded scheduler calls the function every 15
// minutes. Other callers are rejected:
//
//	curl -si -X POST http://127.0.0.1:8080/functions/export-scheduler
package exportscheduler
