// Package tabs tests the page as browsers treat it: pages that are frozen and go on, a network that
// blocks one way after the other. The browser is real, and what it has open is counted by a proxy
// between it and the node.
//
// There is no code here but tests. What is promised about time is measured by the browser's clock,
// by when a message was shown, and is held to beside a page with nothing in between in the same
// run.
package tabs
