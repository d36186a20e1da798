// Package openapi describes the API: as OpenAPI 3.1, the streams as AsyncAPI 3.0, and both as a page
// to read.
//
// What it describes is written by hand, short, in spec: schemas.yaml has what goes over the wire,
// public.yaml the operations. Which HTTP status a problem has is package wire's to say. The tests of
// package cmd/caller hold that the document has the routes that the server has, and the end-to-end
// tests that every answer and every event is as it says.
//
// It knows nothing of rooms and no store: it can be taken out like any other feature.
package openapi
