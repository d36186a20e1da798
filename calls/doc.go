// Package calls is voice and video in a room, through a LiveKit server: the tokens with which a
// member joins the room's call, the names that rooms have there, and the reconciling of rosters
// with LiveKit. Media goes past Caller.
//
// It alone knows LiveKit. The server is given its routes (routes.go) and
// knows nothing else of it; it knows nothing of sessions' tokens or Redis.
//
// # Who is who
//
// A participant's identity is its session's id, so members and participants are one to one: whoever
// joins a second time takes the call over, and LiveKit ends the first connection. A room's name in
// LiveKit is [Options.RoomPrefix] and its id. The prefix keeps Caller's rooms apart from those of
// others on the same LiveKit: what has another one is none of ours.
package calls
