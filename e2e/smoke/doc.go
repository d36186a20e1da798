// Package smoke is the end-to-end part of the gate (make test): one test for each thing that a
// release must never break. It asserts what happened and never how fast, and nothing in it is run
// again. What is about one thing in depth belongs into a suite of its own.
package smoke
