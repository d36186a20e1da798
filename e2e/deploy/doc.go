// Package deploy has the end-to-end tests of how Caller is deployed: behind each of the proxies that docs/deploy has a
// configuration for.
package deploy
