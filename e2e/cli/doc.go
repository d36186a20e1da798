// Package cli runs the program's commands as people and scripts do: in real shells, through pipes,
// against servers that are restarted, and against settings and proxies that are wrong.
package cli
