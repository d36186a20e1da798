// Package webhooks holds the program to what it promises of webhooks, with real receivers, nodes that
// are killed, and a real Redis. The signatures are checked by the Standard Webhooks project's own
// library.
package webhooks
