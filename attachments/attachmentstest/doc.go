// Package attachmentstest has what every bucket for files has to pass, over whatever keeps their
// records. It is for tests alone.
package attachmentstest
