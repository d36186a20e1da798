// Package archtest holds the shape of the repository: who may import whom, that every package says
// what it is for, and how long a file may be. It has tests only; ARCHITECTURE.md says why the rules
// are as they are.
package archtest
