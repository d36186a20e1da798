package chat

// subscriber is one reader of a room, as its worker knows it. There are as many as there are
// readers, so it holds no more than it must.
type subscriber struct {
	sink      Sink
	stream    string
	transport string
	who       MemberID // empty for one that is not in the roster
	guest     bool
	unlisted  bool // it is not yet, or no longer, part of its member's presence; the worker's
	standing  *standing

	// The rest is the worker's.
	state subscriberState
	index int32     // in subscribers.attached, while delivering
	entry *entering // nil once attached
}

// entering is what is needed of a subscriber until it is attached.
type entering struct {
	who   Member
	start Start
	// placed says that the list has been read since it came, or need not be: its cursor can be
	// judged.
	placed bool
	// done gets nil when the replay has been delivered, or an error when it never will be.
	done chan error
}

type subscriberState uint8

const (
	waiting subscriberState = iota
	delivering
	ended
)

// refuse ends a subscription from the room's side.
func (s *subscriber) refuse(err error) {
	if s.entry == nil {
		s.sink.Closed(err)
	} else {
		s.entry.done <- err
	}
}

// subscribers are the readers of a room. They are the room worker's own.
type subscribers struct {
	attached []*subscriber // they get every batch
	waiting  []*subscriber // not yet attached
	unlisted int           // how many of them are not yet, or no longer, part of their member's presence
}

func (s *subscribers) isEmpty() bool { return len(s.attached) == 0 && len(s.waiting) == 0 }

func (s *subscribers) deliver(b *Batch) {
	for _, one := range s.attached {
		one.sink.Deliver(b)
	}
}

// enter takes a new subscriber, which waits.
func (s *subscribers) enter(one *subscriber) { s.waiting = append(s.waiting, one) }

// admit goes through those who wait, in the order in which they came, and attaches those whose
// replay it is given. Those for whom there is none yet wait on.
func (s *subscribers) admit(replay func(*subscriber) *Batch) {
	still := s.waiting[:0]
	for _, one := range s.waiting {
		if one.state == ended {
			continue
		}
		if b := replay(one); b != nil {
			s.attach(one, b)
		} else {
			still = append(still, one)
		}
	}
	clear(s.waiting[len(still):])
	s.waiting = still
	if len(still) == 0 {
		s.waiting = nil
	}
}

// attach delivers the replay to a subscriber and from then on every batch.
func (s *subscribers) attach(one *subscriber, replay *Batch) {
	one.sink.Deliver(replay)
	one.state = delivering
	one.index = int32(len(s.attached))
	s.attached = append(s.attached, one)
	one.entry.done <- nil
	one.entry = nil
}

// allPlaced says that the list is read after all who wait have come.
func (s *subscribers) allPlaced() {
	for _, one := range s.waiting {
		if one.entry != nil { // else it has been attached just now
			one.entry.placed = true
		}
	}
}

// exit takes a subscriber out. It returns false for one that has ended already.
func (s *subscribers) exit(one *subscriber) bool {
	if one.state == ended {
		return false
	}
	if one.state == delivering {
		last := len(s.attached) - 1
		s.attached[one.index] = s.attached[last]
		s.attached[one.index].index = one.index
		s.attached[last] = nil
		s.attached = s.attached[:last]
	}
	one.state = ended // one that waits is taken out by admit
	if one.unlisted {
		s.unlisted--
	}
	return true
}

// of are a member's subscribers, or the one of a stream's name.
func (s *subscribers) of(member MemberID, stream string) []*subscriber {
	var found []*subscriber
	for _, list := range [][]*subscriber{s.attached, s.waiting} {
		for _, one := range list {
			if one.who == member && one.state != ended && (stream == "" || one.stream == stream) {
				found = append(found, one)
			}
		}
	}
	return found
}

// end refuses all of them, and returns those that were attached.
func (s *subscribers) end(err error) (attached []*subscriber) {
	for _, list := range [][]*subscriber{s.attached, s.waiting} {
		for _, one := range list {
			if one.state != ended {
				one.state = ended
				one.refuse(err)
			}
		}
	}
	attached = s.attached
	*s = subscribers{}
	return attached
}
