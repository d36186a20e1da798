// Package incoming makes messages of what other services send to a room's hook: Slack's shape, and
// the deliveries of GitHub, Alertmanager and Grafana. [Hooks] is the HTTP side; the rest reads
// documents that anybody may have written, so nothing in them is taken for granted: what has the
// wrong type is as if it were not there, and what is long is cut. It knows no store and keeps
// nothing.
package incoming
