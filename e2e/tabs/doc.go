// Package tabs tests the page as browsers treat it: pages that are frozen and go on, a network that blocks one way
// after the other. The browser is real, and what it has open
// is counted by a proxy between it and the node.
//
// There is no code here but tests. The times that issue 5 names are measured in the browser, by when a message was shown.
package tabs
