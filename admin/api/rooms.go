package api

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
)

// Bounds of the list of rooms.
const (
	usualRooms = 50
	maxRooms   = 200
	maxQuery   = 200 // characters
)

// roomInfo is a room in numbers, as it is told.
type roomInfo struct {
	Room    chat.RoomID `json:"room"`
	Title   string      `json:"title,omitempty"`
	Members int         `json:"members"`
	// Guests is null where the members are too many to be looked at.
	Guests   *int    `json:"guests"`
	Messages int     `json:"messages"`
	Kept     keptIDs `json:"kept"`
	LastAt   *stamp  `json:"lastAt,omitempty"`
	// PerMinute and PerHour are of the last minute and hour.
	PerMinute  int   `json:"perMinute"`
	PerHour    int   `json:"perHour"`
	Owned      bool  `json:"owned"`
	Closed     bool  `json:"closed,omitempty"`
	Locked     bool  `json:"locked"`
	Password   bool  `json:"password"`
	InviteOnly bool  `json:"inviteOnly"`
	Calls      int   `json:"calls,omitempty"`
	Files      int   `json:"files"`
	Bytes      int64 `json:"bytes"`
}

type keptIDs struct {
	First string `json:"first,omitempty"`
	Last  string `json:"last,omitempty"`
}

func roomInfoOf(s chat.RoomSummary) roomInfo {
	info := roomInfo{
		Room: s.Room, Title: s.Title, Members: s.Members, Messages: s.Messages, LastAt: stampOf(s.LastAt),
		PerMinute: s.PerMinute, PerHour: s.PerHour, Owned: s.Owned, Closed: s.Closed,
		Locked: s.Settings.Locked, Password: s.Settings.HasPassword, InviteOnly: s.Settings.InviteOnly,
		Calls: max(0, s.InCall), Files: s.Files, Bytes: s.Bytes,
	}
	if s.Guests >= 0 {
		info.Guests = &s.Guests
	}
	if s.Messages > 0 {
		info.Kept = keptIDs{s.First.String(), s.Last.String()}
	}
	return info
}

type roomList struct {
	Rooms []roomInfo `json:"rooms"`
	// Next is what to go on after; left out at the end.
	Next string `json:"next,omitempty"`
	// Total is how many there are in all, that were asked for.
	Total int   `json:"total"`
	AsOf  stamp `json:"asOf"`
}

// sorting is an order of rooms: by a key, and among equals by name.
type sorting struct {
	name string
	key  func(chat.RoomSummary) int64 // nil for by name
	desc bool
}

// sortingOf reads sort and order.
func sortingOf(by, order string) (sorting, error) {
	s := sorting{name: cmp.Or(by, "name"), desc: true}
	switch s.name {
	case "name":
		s.desc = false
	case "members":
		s.key = func(r chat.RoomSummary) int64 { return int64(r.Members) }
	case "messages":
		s.key = func(r chat.RoomSummary) int64 { return int64(r.Messages) }
	case "rate":
		s.key = func(r chat.RoomSummary) int64 { return int64(r.PerMinute)<<32 + int64(r.PerHour) }
	case "last":
		s.key = func(r chat.RoomSummary) int64 { return r.LastAt.UnixMilli() }
	default:
		return s, &chat.InvalidError{Field: "sort", Reason: "is none of name, members, messages, rate, last"}
	}
	switch order {
	case "":
	case "asc":
		s.desc = false
	case "desc":
		s.desc = true
	default:
		return s, &chat.InvalidError{Field: "order", Reason: "is neither asc nor desc"}
	}
	return s, nil
}

// place is where a room stands in an order.
type place struct {
	key  int64
	room chat.RoomID
}

func (s sorting) placeOf(r chat.RoomSummary) place {
	if s.key == nil {
		return place{room: r.Room}
	}
	return place{s.key(r), r.Room}
}

func (s sorting) compare(a, b place) int {
	by := cmp.Compare(a.key, b.key)
	if s.desc {
		by = -by
	}
	if by == 0 {
		by = cmp.Compare(a.room, b.room)
		if s.key == nil && s.desc {
			by = -by
		}
	}
	return by
}

// cursor is a place as text, with the order that it is of. It says the place, not a number: rooms
// that come and go meanwhile shift nothing.
func (s sorting) cursor(p place) string {
	text := s.name + " " + strconv.FormatBool(s.desc) + " " + strconv.FormatInt(p.key, 10) + " " + string(p.room)
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

func (s sorting) parseCursor(text string) (place, error) {
	wrong := func(why string) (place, error) { return place{}, &chat.InvalidError{Field: "after", Reason: why} }
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	parts := strings.Split(string(b), " ")
	if err != nil || len(parts) != 4 {
		return wrong("is not the next of a list of rooms")
	}
	if parts[0] != s.name || parts[1] != strconv.FormatBool(s.desc) {
		return wrong("is of a list in another order")
	}
	key, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || strconv.FormatInt(key, 10) != parts[2] {
		return wrong("is not the next of a list of rooms")
	}
	room, err := chat.ParseRoomID(parts[3])
	if err != nil || string(room) != parts[3] {
		return wrong("is not the next of a list of rooms")
	}
	return place{key, room}, nil
}

// rooms is GET /api/rooms.
func (a *API) rooms(_ http.ResponseWriter, r *http.Request) (answer, error) {
	query, err := httpapi.KnownQuery(r, "query", "sort", "order", "after", "limit")
	if err != nil {
		return answer{}, err
	}
	by, err := sortingOf(query.Get("sort"), query.Get("order"))
	if err != nil {
		return answer{}, err
	}
	limit, err := limitOf(query, usualRooms, maxRooms)
	if err != nil {
		return answer{}, err
	}
	find := query.Get("query")
	if !utf8.ValidString(find) || utf8.RuneCountInString(find) > maxQuery {
		return answer{}, &chat.InvalidError{Field: "query", Limit: maxQuery, Reason: "is not a text of so many characters at most"}
	}
	find = strings.ToLower(strings.TrimSpace(find))
	var after *place
	if text := query.Get("after"); text != "" {
		at, err := by.parseCursor(text)
		if err != nil {
			return answer{}, err
		}
		after = &at
	}
	all, err := a.all.get(r.Context())
	if err != nil {
		return answer{}, err
	}
	return ok(all.list(find, by, after, limit)), nil
}

// list is a page of the rooms that have a text in name or title.
func (s *snapshot) list(find string, by sorting, after *place, limit int) roomList {
	var found []chat.RoomSummary
	for _, room := range s.rooms {
		if find == "" || strings.Contains(strings.ToLower(string(room.Room)), find) || strings.Contains(strings.ToLower(room.Title), find) {
			found = append(found, room)
		}
	}
	list := roomList{Rooms: []roomInfo{}, Total: len(found), AsOf: stamp(s.asOf)}
	slices.SortFunc(found, func(a, b chat.RoomSummary) int { return by.compare(by.placeOf(a), by.placeOf(b)) })
	if after != nil {
		i, exact := slices.BinarySearchFunc(found, *after, func(r chat.RoomSummary, at place) int { return by.compare(by.placeOf(r), at) })
		if exact {
			i++
		}
		found = found[i:]
	}
	if len(found) > limit {
		found = found[:limit]
		list.Next = by.cursor(by.placeOf(found[limit-1]))
	}
	for _, room := range found {
		list.Rooms = append(list.Rooms, roomInfoOf(room))
	}
	return list
}

type stats struct {
	Rooms int `json:"rooms"`
	// ActiveRooms are those where somebody is present.
	ActiveRooms  int       `json:"activeRooms"`
	Members      int       `json:"members"`
	Guests       int       `json:"guests"`
	Subscribers  int       `json:"subscribers"`
	MessagesKept int       `json:"messagesKept"`
	PostsPerMin  int       `json:"postsPerMinute"`
	PostsPerHour int       `json:"postsPerHour"`
	Owned        int       `json:"owned"`
	Files        fileStats `json:"files"`
	Revoked      int       `json:"sessionsRevoked"`
	Nodes        int       `json:"nodes"`
	AsOf         stamp     `json:"asOf"`
}

type fileStats struct {
	Count int   `json:"count"`
	Bytes int64 `json:"bytes"`
}

// getStats is GET /api/stats.
func (a *API) getStats(_ http.ResponseWriter, r *http.Request) (answer, error) {
	all, err := a.all.get(r.Context())
	if err != nil {
		return answer{}, err
	}
	total, err := a.total(r, all)
	return ok(total), err
}

// total sums up.
func (a *API) total(r *http.Request, all *snapshot) (stats, error) {
	t := stats{Rooms: len(all.rooms), AsOf: stamp(all.asOf)}
	for _, room := range all.rooms {
		if room.Members > 0 {
			t.ActiveRooms++
		}
		t.Members += room.Members
		t.Guests += max(0, room.Guests)
		t.MessagesKept += room.Messages
		t.PostsPerMin += room.PerMinute
		t.PostsPerHour += room.PerHour
		t.Files.Count += room.Files
		t.Files.Bytes += room.Bytes
		if room.Owned {
			t.Owned++
		}
	}
	nodes, err := a.store.Nodes(r.Context())
	if err != nil {
		return t, err
	}
	t.Nodes = len(nodes)
	for _, n := range nodes {
		for _, count := range n.Subscribers {
			t.Subscribers += count
		}
	}
	t.Revoked, err = a.store.CountRevoked(r.Context())
	return t, err
}

// nodeInfo is a node as it is told.
type nodeInfo struct {
	chat.NodeInfo
	Self    bool  `json:"self"`
	Started stamp `json:"startedAt"`
	Seen    stamp `json:"seenAt"`
	// CPU is left out where it is not known (yet).
	CPU *float64 `json:"cpu,omitempty"`
}

// nodes is GET /api/nodes.
func (a *API) nodes(_ http.ResponseWriter, r *http.Request) (answer, error) {
	all, err := a.store.Nodes(r.Context())
	if err != nil {
		return answer{}, err
	}
	told := make([]nodeInfo, 0, len(all))
	for _, n := range all {
		if n.Subscribers == nil {
			n.Subscribers = map[string]int{}
		}
		info := nodeInfo{NodeInfo: n, Self: n.ID == a.store.NodeID(), Started: stamp(n.Started), Seen: stamp(n.Seen)}
		if n.CPU >= 0 {
			info.CPU = &n.CPU
		}
		told = append(told, info)
	}
	return ok(map[string]any{"nodes": told}), nil
}
