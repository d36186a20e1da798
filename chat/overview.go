package chat

import "time"

// RoomSummary is a room in numbers, as an operator's list of rooms has it.
type RoomSummary struct {
	Room  RoomID
	Title string
	// Members are those who are present, Guests how many of them have no session: -1 where they are
	// too many to be looked at. InCall are those in the room's call, of which the same holds.
	Members, Guests, InCall int
	// Messages are the entries that are kept for new readers: messages, and the room's notices.
	Messages    int
	First, Last Cursor
	// LastAt is when the last of them was appended; zero when there is none.
	LastAt time.Time
	// PerMinute and PerHour are how many were appended in the last minute and hour. Where more come
	// than are kept, it is what those that are kept come to.
	PerMinute, PerHour int
	// Settings are the room's; of one that nobody owns, all of them are as they are by themselves.
	Settings Settings
	// Owned says that somebody owns it, Closed that it was closed for good.
	Owned, Closed bool
	// Files are how many files there are, and Bytes what they take.
	Files int
	Bytes int64
}

// IsThere reports whether there is anything of the room but that it was closed.
func (s RoomSummary) IsThere() bool {
	return s.Members > 0 || s.Messages > 0 || s.Owned || s.Files > 0
}

// ClientRoom is what the store knows of somebody in one room.
type ClientRoom struct {
	Room RoomID
	// Present is who it is there now; nil when it is not there.
	Present *Member
	// Role is what it is in the room's rules; [RoleGuest] for nothing.
	Role Role
	// Came is when it first came into a room that somebody owns, as far as that is known; nil for not.
	Came *Arrival
}

// NodeInfo is one node of a store, as it tells the others.
type NodeInfo struct {
	ID      string    `json:"id"`
	Version string    `json:"version"`
	Commit  string    `json:"commit,omitempty"`
	Started time.Time `json:"startedAt"`
	// Seen is when it last said so, by the store's clock.
	Seen time.Time `json:"seenAt"`
	// Addr is where it listens, as far as it knows.
	Addr string `json:"addr,omitempty"`
	// Rooms are those that it has open, Subscribers its readers by transport.
	Rooms       int            `json:"rooms"`
	Subscribers map[string]int `json:"subscribers"`
	// PostsPerSecond and DeliveriesPerSecond are of the time since it last said so: entries that were
	// stored by it, and events times readers.
	PostsPerSecond      float64 `json:"postsPerSecond"`
	DeliveriesPerSecond float64 `json:"deliveriesPerSecond"`
	// Memory is what it has of the system, MaxMemory what it may have; in bytes.
	Memory    uint64 `json:"memory"`
	MaxMemory uint64 `json:"maxMemory"`
	// CPU is how many cores it was busy on, since it last said so; negative where that is not known.
	CPU        float64 `json:"cpu"`
	Goroutines int     `json:"goroutines"`
	Store      struct {
		// LatencyP50 and LatencyP99 are of its calls to the store since it last said so, in
		// milliseconds; 0 without any.
		LatencyP50 float64 `json:"latencyP50"`
		LatencyP99 float64 `json:"latencyP99"`
	} `json:"store"`
}
