// Package mcp lets agents into rooms by the Model Context Protocol: whoever has a program's access
// token lists its room, reads, posts, reacts, and waits for what is new.
//
// It is a transport like the others: it asks the core as the principal that the server has found, and
// the core's policy, limits and rules decide. It keeps nothing between two requests, so that any node
// may answer the next one. What people write is data to it, and its tools say so to the agent.
package mcp
