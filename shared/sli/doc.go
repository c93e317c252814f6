// Package sli is about service-level indicators: their samples, their
// objectives, and their health over rolling windows. The order in which samples
// arrive does not change the health.
//
// # Alerts
//
// An objective says which samples are good, and what share of them must be good
// (the target). The burn rate is the share of bad samples, divided by the share
// that the target allows. An alert is raised while the burn rate is at least a
// threshold in two windows: in the long one, because a short peak does not
// matter, and in the short one, because a problem that is over does not matter.
//
//	alert    long window  short window  burn rate
//	page     1 hour       5 minutes     14.4
//	ticket   6 hours      30 minutes    6
//	ticket   3 days       6 hours       1
//	warning  the last sample is outside of the objective
//
// If all samples are bad, the burn rate is 1/(1-target), and it is never higher.
// A threshold above this value is rejected: see [Thresholds.CheckReachable].
//
// # Windows
//
// The windows of the alerts end with the newest sample, and adapt to the usual
// time between two samples, the sampling interval:
//
//   - A short window has at least 3 sampling intervals, and a long one at least 6,
//     or twice as many as Thresholds.Samples. So an SLI that is sampled every 6
//     hours has windows of 18 and 36 hours for a page.
//   - A longer gap is silence, and counts as one sampling interval.
//
// So only samples change an alert, and time alone does not. In particular, an
// outage that silences the SLI itself does not lower the alert. If an SLI is no
// longer sampled, its alert stays until a person removes the objective. The SLI is
// stale meanwhile.
//
// For example, the target is 99% below 5 seconds. One sample per minute arrives
// from 12:00 to 12:19, all of them above 5 seconds, and then nothing. The burn
// rate is 100% / 1% = 100 in every window, so the alert is page from the third
// sample on. At 13:19, an hour after the newest sample, the SLI is also stale. At
// 15:00 the next sample arrives. If it is bad, the alert is still page. If it and
// the four samples after it are good, the alert is ticket.
//
// # Alert horizon
//
// Each write of an SLI also stores its [AlertHorizon], so that a query finds the
// SLIs that have an alert.
package sli
