// Package packages installs and runs what "make release" builds, as those do who get it: the Debian
// package in a fresh root of Debian, the image with nothing but what is in it, the services of
// docker compose by their own commands. It reads systemd's units and the files for Kubernetes as
// strictly as those who use them, and checks checksums, bills of materials, and that the same commit
// gives the same bytes.
//
// What is released is the commit that is checked out; changes that are not committed are not in it.
// Some of it needs root, and a Debian mirror once: where they are missing a line says what was not
// checked.
package packages
