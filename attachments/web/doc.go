// Package web is what the server serves of files: sending them by one request or several, and
// reading them. What keeps them is package attachments, and who may do what is asked of the core.
//
//	POST /rooms/{room}/files             a form, or the file itself
//	PUT  /rooms/{room}/files/{name}      the file itself, as "curl -T" sends it
//	GET, DELETE /rooms/{room}/files/{id} what is known of one; taking one back
//	GET  /rooms/{room}/files/{id}/{name} its bytes
//	/rooms/{room}/uploads                resumable uploads, by tus 1.0
//
// Whoever has a session can name a file in a message later. A guest is nobody that could be known
// again, so what a guest sends is posted by the same request.
package web
