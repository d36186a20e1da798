// Package program tests the program as those who use it see it: pages, curl, programs of their own,
// and what they send that they should not.
package program
