// Package docs holds the documentation to the program: settings, examples, links and tables. It
// starts nothing that listens.
package docs
