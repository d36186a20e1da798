// Package audit holds scripts/audit.sh, which looks for known vulnerabilities: what it makes of what
// the databases say, with databases of the tests' own.
package audit
