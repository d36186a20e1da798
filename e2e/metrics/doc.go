// Package metrics tests what operators see: a real Prometheus scrapes real nodes while people talk in
// them, runs the query of every panel of the dashboard and of every alert, and tells of nodes and a
// Redis that are killed. OpenTelemetry's traces are told to a receiver of the test's own.
package metrics
