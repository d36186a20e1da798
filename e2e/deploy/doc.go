// Package deploy has the end-to-end tests of how Caller is deployed: behind each of the proxies
// that docs/deploy has a configuration for, and with certificates from an ACME server (Pebble,
// built in a module of its own).
package deploy
