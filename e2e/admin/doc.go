// Package admin has the tests of the admin listener with the real program: two nodes with one
// Redis, 10,000 rooms, every call of docs/admin.md, and those who have no token.
package admin
