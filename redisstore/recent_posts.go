package redisstore

import (
	"strings"
	"sync"

	"github.com/caller-chat/caller/chat"
)

// recentPosts remembers what this node has posted lately, so that its bodies need not be decoded
// when Redis brings them back: once in the script's reply, once by the feed, in whatever order.
// When both have come, and when the feed will bring nothing, it is forgotten, so that nothing is
// remembered here that has been deleted since.
type recentPosts struct {
	mu     sync.Mutex  // guards what follows
	recent [256]posted // by the tag's last bits: a newer one takes the place of an older
	round  uint8       // see age
}

// source is by what way a post comes back.
type source uint8

const (
	byReply source = 1 << iota
	byFeed
)

// posted is a post as it was given and as it is stored.
type posted struct {
	tag     chat.Tag
	awaited source // by what ways it has yet to come back
	round   uint8
	body    string
	draft   chat.Draft
}

func (rp *recentPosts) at(tag chat.Tag) *posted { return &rp.recent[tag%chat.Tag(len(rp.recent))] }

func (rp *recentPosts) keep(tag chat.Tag, body string, d chat.Draft) {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	*rp.at(tag) = posted{tag, byReply | byFeed, rp.round, body, d}
}

func (rp *recentPosts) forget(tag chat.Tag) {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	if p := rp.at(tag); p.tag == tag {
		*p = posted{}
	}
}

// forgetAll is for when the feed has broken: what it did not bring yet, it may never bring.
func (rp *recentPosts) forgetAll() {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	clear(rp.recent[:])
}

// age forgets what was kept before the call before this one. It is called now and then, for posts
// that were stored as the feed began to follow their room.
func (rp *recentPosts) age() {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	for i := range rp.recent {
		if p := &rp.recent[i]; p.tag != 0 && p.round != rp.round {
			*p = posted{}
		}
	}
	rp.round++
}

// take returns a post that has come back by one way, if it is known. Tags of other nodes can be the
// same, so the body has to be too.
func (rp *recentPosts) take(tag chat.Tag, body string, from source) (chat.Draft, bool) {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	p := rp.at(tag)
	if p.tag != tag || p.body != body {
		return chat.Draft{}, false
	}
	d := p.draft
	if p.awaited &^= from; p.awaited == 0 {
		*p = posted{}
	}
	return d, true
}

// parse is parseElement for what may be an own post.
func (rp *recentPosts) parse(element string, from source) (chat.Entry, error) {
	e, body, err := parseHead(element)
	if err != nil {
		return chat.Entry{}, err
	}
	d, ok := rp.take(e.ID.Tag, body, from)
	if !ok {
		return parseBody(e, body)
	}
	e.From, e.Key, e.Target, e.Payload = d.From, d.Key, d.Target, d.Payload
	return e, nil
}

// parseNotice reads what was published, as the function of that name does.
func (s *Store) parseNotice(payload string) (chat.Notice, error) {
	if element, ok := strings.CutPrefix(payload, "A"); ok {
		e, err := s.recentPosts.parse(element, byFeed)
		return chat.Appended{Entry: e}, err
	}
	return parseNotice(payload)
}
