package limits

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/caller-chat/caller/chat"
)

// Name is what a limit is called.
type Name string

// The limits. [All] says what each is for.
const (
	Messages  Name = "messages"
	Joins     Name = "joins"
	Reads     Name = "reads"
	Searches  Name = "searches"
	Signals   Name = "signals"
	Sessions  Name = "sessions"
	SignOuts  Name = "sign-outs"
	Rooms     Name = "rooms"
	Passwords Name = "passwords"
	// Hashes are the passwords that rooms are given: each takes a processor for some ten milliseconds.
	Hashes   Name = "new-passwords"
	Programs Name = "programs"
	// Connections are counted while they are open: its bucket has no rate.
	Connections Name = "connections"
	// Owned are all rooms that somebody owns: its bucket has no rate either.
	Owned      Name = "owned"
	Moderation Name = "moderation"
	Reports    Name = "reports"
	Links      Name = "links"
	Claims     Name = "claims"
	Pushed     Name = "pushed"
	Pushing    Name = "pushing"
	Pushes     Name = "pushes"
	// Uploads are counted in megabytes.
	Uploads   Name = "uploads"
	Downloads Name = "downloads"
	Previews  Name = "previews"
)

// scope is whose bucket a limit's is.
type scope int

const (
	person  scope = iota // a session
	guests               // the guests of one address, who share it
	address              // all who come from one address
	inRoom               // all who are in one room
)

// suffixes are what a scope adds to a limit's name, for its name on the command line. A limit's
// first scope is called as the limit is, and guests are bounded as one person.
func (n Name) scoped(s scope) string {
	switch {
	case s == guests, s == first(n):
		return string(n)
	case s == inRoom:
		return string(n) + ".room"
	}
	return string(n) + ".address"
}

// Limit is one limit, as [All] has it.
type Limit struct {
	// Name is as in "messages" or "messages.address".
	Name   string
	Bucket chat.Bucket
	// What is counted, by whom, and Why so many.
	What, Why string

	name  Name
	scope scope
}

// All are the limits, with what they are by default.
func All() []Limit {
	of := func(name Name, s scope, burst int, perSecond float64, what, why string) Limit {
		return Limit{string(name), chat.Bucket{Burst: burst, PerSecond: perSecond}, what, why, name, s}
	}
	limits := []Limit{
		of(Messages, person, 100, 5, "messages, edits, deletions and reactions of one session, or of all guests of one address",
			"nobody types faster; a paste in many parts fits the burst"),
		of(Messages, address, 1000, 50, "the same, of all who come from one address",
			"an office or a school behind one address"),
		of(Programs, person, 50, 5, "the same, of one access token", "programs repeat themselves faster than people notice"),
		of(Joins, person, 130, 5, "rooms that one session opens, each of a connection's rooms counted",
			"two connections of 64 rooms at once, and on a bad line ten rooms again each two seconds"),
		of(Joins, address, 2000, 50, "the same, of all who come from one address",
			"200 people with ten rooms each, who come back at once"),
		of(Reads, person, 200, 20, "reads of one session: history, members, marks, one's rooms and polls, and coming in by a password or an invite",
			"polling a busy room takes one for each message that comes"),
		of(Reads, address, 2000, 200, "the same, of all who come from one address", "an office that can only poll"),
		of(Searches, person, 40, 2, "searches of one session in what a room keeps",
			"the page sends one while somebody types; each keeps a processor busy for up to a tenth of a second"),
		of(Searches, address, 200, 10, "the same, of all who come from one address", "an office in which some look for something"),
		of(Signals, person, 60, 2, "signs of typing, and of leaving, of one session, or of all guests of one address",
			"the page sends one each three seconds"),
		of(Signals, address, 1000, 50, "the same, of all who come from one address", "as messages"),
		of(Sessions, address, 400, 1, "new sessions from one address, and coming back from a sign-in", "300 people who come at once; a program keeps its session"),
		of(SignOuts, address, 200, 1.0/30, "sessions that are ended from one address", "each is remembered for 30 days"),
		of(Rooms, person, 60, 1.0/20, "new rooms of one session: the first message where nothing is kept, and rooms made one's own",
			"each is kept for a day, or for 30 days when somebody owns it"),
		of(Rooms, address, 600, 1, "the same, of all who come from one address", "ten people's, or a program that makes a room for each of its jobs"),
		of(Passwords, address, 10, 1.0/30, "wrong passwords and invites from one address", "people mistype, programs guess"),
		of(Passwords, inRoom, 60, 0.2, "the same, in one room", "many addresses guess together"),
		of(Hashes, person, 20, 1.0/30, "passwords that one session gives its rooms",
			"each keeps a processor busy for some ten milliseconds, and others who come by a password wait meanwhile"),
		of(Hashes, address, 100, 1.0/6, "the same, of all who come from one address", "ten people who make rooms"),
		of(Moderation, person, 120, 2, "settings, bans, invites and the like, of one session", "each is told to the whole room"),
		of(Reports, person, 10, 1.0/60, "reports of one session, or of all guests of one address", "moderators read each of them"),
		of(Reports, address, 30, 1.0/30, "the same, of all who come from one address", "a room keeps 200 of them, and is not to be full of one's"),
		of(Links, person, 10, 0.1, "links to one's session for another device, of one session", "each is kept for two minutes"),
		of(Claims, address, 60, 1, "tries of such links from one address", "a school behind one address"),
		of(Connections, address, 2000, 0, "connections from one address that are open at the same time",
			"an office of a thousand with a stream and a request each"),
		of(Uploads, person, 1000, 1000.0/3600, "megabytes of files of one session, or of all guests of one address, each begun one counted",
			"ten files of the largest size, and as many again in an hour"),
		of(Uploads, address, 5000, 5000.0/3600, "the same, of all who come from one address", "an office of some who send much"),
		of(Downloads, person, 1000, 50, "files that one session opens, each of a video's parts counted",
			"a room full of pictures, and another one right after it"),
		of(Downloads, address, 10000, 500, "the same, of all who come from one address", "an office that comes back at once"),
		of(Previews, person, 60, 1, "links of messages that are looked up for one session, or for all guests of one address",
			"a room full of links, which nobody has read here in the last hour"),
		of(Previews, address, 600, 5, "the same, of all who come from one address", "an office that comes back at once"),
		of(Previews, inRoom, 300, 1, "the same, in one room", "a program that posts links all day"),
		of(Owned, inRoom, 100_000, 0, "rooms that somebody owns, of all people together",
			"each is kept for 30 days, with settings, roles and who came: some kilobytes"),
		of(Pushes, person, 30, 0.2, "push subscriptions of one session", "the page sends one for each change"),
		of(Pushed, person, 20, 1.0/15, "pushes to one session", "nobody's phone rings more than four times a minute for long, whoever mentions them"),
		of(Pushing, person, 100, 0.2, "pushes that one session causes, or all guests of a room",
			"a message to a large room, and then one each five seconds"),
	}
	for i := range limits {
		limits[i].Name = limits[i].name.scoped(limits[i].scope)
	}
	return limits
}

// first is a limit's first scope.
func first(n Name) scope {
	switch n {
	case Sessions, SignOuts, Passwords, Claims, Connections:
		return address
	case Owned:
		return inRoom
	}
	return person
}

// Set is what the limits are. The zero value is none of them; [Defaults] and [Parse] make one.
type Set struct{ buckets map[place]chat.Bucket }

type place struct {
	name  Name
	scope scope
}

// Defaults are the limits as [All] has them.
func Defaults() Set {
	s := Set{make(map[place]chat.Bucket)}
	for _, l := range All() {
		s.buckets[place{l.name, l.scope}] = l.Bucket
	}
	return s
}

// of is a bucket of a limit; the zero one where there is none.
func (s Set) of(name Name, whose scope) chat.Bucket {
	if whose == guests {
		switch name {
		case Messages, Programs, Signals, Reports, Uploads:
			whose = person
		default: // they have what the address has
		}
	}
	return s.buckets[place{name, whose}]
}

// Connections is how many connections one address may have open; 0 for any number.
func (s Set) Connections() int { return s.of(Connections, address).Burst }

// Owned is how many rooms there may be that somebody owns; 0 for any number.
func (s Set) Owned() int { return s.of(Owned, inRoom).Burst }

// Only is the set with one limit of it.
func (s Set) Only(name Name) Set {
	only := Set{make(map[place]chat.Bucket)}
	for at, b := range s.buckets {
		if at.name == name {
			only.buckets[at] = b
		}
	}
	return only
}

// Parse reads what the limits are from "off", for none, or from what differs from the defaults,
// between commas: NAME=off or NAME=BURST/RATE (connections=NUMBER, owned=NUMBER). A rate is a number for each second, or with /m or /h
// behind it for each minute or hour. What is said of a limit changes what an address or a room has
// of it in the same proportion, unless that is named too. The empty text is the defaults.
func Parse(text string) (Set, error) {
	s := Defaults()
	if text = strings.TrimSpace(text); text == "off" {
		return Set{}, nil
	} else if text == "" {
		return s, nil
	}
	given := map[string]chat.Bucket{}
	for item := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(item), "=")
		if !ok {
			return Set{}, fmt.Errorf("%q is not NAME=BURST/RATE, NAME=off, or off alone for no limits", item)
		}
		name = strings.TrimSpace(name)
		if !slices.ContainsFunc(All(), func(l Limit) bool { return l.Name == name }) {
			return Set{}, fmt.Errorf("%q is no limit: there are %s", name, strings.Join(names(), ", "))
		}
		if _, twice := given[name]; twice {
			return Set{}, fmt.Errorf("%s is given twice", name)
		}
		parse := parseBucket
		if name == string(Connections) || name == string(Owned) {
			parse = parseCount
		}
		b, err := parse(strings.TrimSpace(value))
		if err != nil {
			return Set{}, fmt.Errorf("%s=%s: %w", name, value, err)
		}
		given[name] = b
	}
	for _, l := range All() {
		b, ok := given[l.Name]
		if !ok {
			var by chat.Bucket
			if by, ok = given[string(l.name)]; ok {
				b = inProportion(l.Bucket, Defaults().of(l.name, first(l.name)), by)
			}
		}
		if ok {
			s.buckets[place{l.name, l.scope}] = b
		}
	}
	return s, nil
}

// inProportion is a bucket as another one has changed.
func inProportion(b, was, is chat.Bucket) chat.Bucket {
	if is.IsOff() {
		return is
	}
	return chat.Bucket{
		Burst:     max(1, int(float64(b.Burst)*float64(is.Burst)/float64(was.Burst))),
		PerSecond: b.PerSecond * is.PerSecond / was.PerSecond,
	}
}

// names are what can be changed.
func names() []string {
	var all []string
	for _, l := range All() {
		all = append(all, l.Name)
	}
	return all
}

// What a bucket may be, so that no number of them is beyond what is counted with.
const (
	maxBurst = 1_000_000_000
	maxRate  = 1_000_000_000
)

// units are what rates are for, in seconds.
func units() []unit { return []unit{{"", 1}, {"/s", 1}, {"/m", 60}, {"/h", 3600}} }

type unit struct {
	suffix  string
	seconds float64
}

func parseCount(text string) (chat.Bucket, error) {
	if text == "off" {
		return chat.Bucket{}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxBurst {
		return chat.Bucket{}, fmt.Errorf("want a number from 1 to %d, or off", maxBurst)
	}
	return chat.Bucket{Burst: n}, nil
}

func parseBucket(text string) (chat.Bucket, error) {
	if text == "off" {
		return chat.Bucket{}, nil
	}
	wrong := errors.New("want BURST/RATE, as 100/5 for 100 at once and 5 a second, or 30/2/m for 2 a minute, or off")
	burst, rate, ok := strings.Cut(text, "/")
	if !ok {
		return chat.Bucket{}, wrong
	}
	b := chat.Bucket{}
	var err error
	if b.Burst, err = strconv.Atoi(burst); err != nil || b.Burst < 1 || b.Burst > maxBurst {
		return chat.Bucket{}, fmt.Errorf("%q is not a burst from 1 to %d: %w", burst, maxBurst, wrong)
	}
	number, seconds := rate, 1.0
	for _, u := range units() {
		if n, ok := strings.CutSuffix(rate, u.suffix); ok {
			number, seconds = n, u.seconds
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n > 0 && n <= maxRate) || n/seconds < 1e-6 { // NaN is none of it
		return chat.Bucket{}, fmt.Errorf("%q is not a rate above 0: %w", rate, wrong)
	}
	b.PerSecond = n / seconds
	return b, nil
}

// Format is a bucket as [Parse] reads it.
func Format(b chat.Bucket) string {
	if b.IsOff() {
		return "off"
	}
	if b.PerSecond == 0 {
		return strconv.Itoa(b.Burst)
	}
	for _, u := range []unit{{"", 1}, {"/m", 60}, {"/h", 3600}} {
		n := b.PerSecond * u.seconds
		if r := float64(int(n + 0.5)); r >= 1 && n-r < 1e-9 && r-n < 1e-9 {
			return fmt.Sprintf("%d/%.0f%s", b.Burst, r, u.suffix)
		}
	}
	return fmt.Sprintf("%d/%g", b.Burst, b.PerSecond)
}
