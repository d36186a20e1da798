package redisstore

import (
	"strings"
	"sync"

	"github.com/caller-chat/caller/chat"
)

// recentPosts remembers what this node has posted lately, so that its bodies need not be decoded when Redis brings them back:
// once in the script's reply, once by the feed, in whatever order.
type recentPosts struct {
	mu     sync.Mutex  // guards recent
	recent [256]posted // by the tag's last bits: a newer one takes the place of an older
}

// posted is a post as it was given and as it is stored.
type posted struct {
	tag  chat.Tag
	body string
	chat.Draft
}

func (rp *recentPosts) keep(p posted) {
	rp.mu.Lock()
	rp.recent[p.tag%chat.Tag(len(rp.recent))] = p
	rp.mu.Unlock()
}

// parse is parseElement for what may be an own post. Tags of other nodes can be the same, so the body has to be too.
func (rp *recentPosts) parse(element string) (chat.Entry, error) {
	e, text, err := parseHead(element)
	if err != nil {
		return chat.Entry{}, err
	}
	rp.mu.Lock()
	d := rp.recent[e.ID.Tag%chat.Tag(len(rp.recent))]
	rp.mu.Unlock()
	if d.tag != e.ID.Tag || d.body != text {
		return parseBody(e, text)
	}
	e.From, e.Key, e.Target, e.Payload = d.From, d.Key, d.Target, d.Payload
	return e, nil
}

// parseNotice reads what was published, as the function of that name does.
func (s *Store) parseNotice(payload string) (chat.Notice, error) {
	if element, ok := strings.CutPrefix(payload, "A"); ok {
		e, err := s.recentPosts.parse(element)
		return chat.Appended{Entry: e}, err
	}
	return parseNotice(payload)
}
