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
// # Alert horizon
//
// Windows move, so an alert ends without any event, and a query cannot find the
// SLIs that have an alert now. Therefore, each write of an SLI also stores its
// [AlertHorizon]: for each alert, the time at which it ends if no more samples
// arrive. A query finds the SLIs whose horizon is later than now.
//
// For example, the target is 99% below 5 seconds. One sample per minute arrives
// from 12:00 to 12:19, all of them above 5 seconds, and then nothing. The burn
// rate is 100% / 1% = 100 in every window that has samples, so each alert lasts
// as long as its short window has one: the newest bucket of minutes starts at
// 12:19, and the newest bucket of five minutes at 12:15.
//
//	rule             short window  ends at
//	page             5 minutes     12:24
//	ticket           30 minutes    12:49
//	ticket (3 days)  6 hours       18:15
//	warning                        never: only another sample ends it
//	stale                          13:19 (an hour after the newest sample)
//
// The horizon stores 12:24 as Page and 18:15, the later one, as Ticket. The
// decision is recorded in infra/adr/0008-samples-wait-for-their-sli.md.
package sli
