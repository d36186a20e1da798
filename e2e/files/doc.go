// Package files tests files in rooms with the real program: sent by curl, by forms and by tus, read by
// every transport, on several nodes and behind a proxy; and kept in a folder and on a real S3 server,
// that is away now and then.
package files
