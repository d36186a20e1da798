// Package adminpage has the tests of the admin listener's page: a real Chromium, the real program,
// by mouse, by keyboard and on a phone.
package adminpage
