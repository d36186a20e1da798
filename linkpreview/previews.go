package linkpreview

import (
	"bytes"
	"container/list"
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/caller-chat/caller/attachments/picture"
	"github.com/caller-chat/caller/chat"
)

const (
	// keepFound and keepNothing are for how long it is known what was found, and that nothing was.
	keepFound   = time.Hour
	keepNothing = 10 * time.Minute
	// maxKept is how much is kept of all previews, in bytes, and eachKept what each counts at least.
	maxKept  = 16 << 20
	eachKept = 2 << 10
	// atOnce is how many links are looked up at once, and maxWaiting how many with those that wait.
	atOnce     = 8
	maxWaiting = 200
	// lookTime is for how long a link may be looked up, with all that it waits for.
	lookTime = 20 * time.Second
	// maxSide is the longer side of a preview's picture, in pixels.
	maxSide = 480
)

// errBusy says that as many links are being looked up as there may be.
var errBusy = errors.New("too many links are looked up at once")

// Options are how links are looked up.
type Options struct {
	// Limits bound how many links are looked up: [chat.ActionPreview]. Nil bounds nothing.
	Limits chat.Policy
	// BasePath comes before the addresses of pictures, as "/chat".
	BasePath string
	// Logger is told what can't be answered; nil for nothing.
	Logger *slog.Logger
	// Allow says of addresses that are not public, and of other ports, that they are asked all the same.
	// It is for tests, and no setting has it: whoever may write could have this server ask anything.
	Allow func(netip.AddrPort) bool
}

// found is what is shown of a link. Its zero value is nothing.
type found struct {
	url               string
	title, text, site string
	picture           []byte
	pictureType       string
	width, height     int
}

func (f *found) isNothing() bool { return f.title == "" && f.picture == nil }

func (f *found) size() int {
	return eachKept + len(f.url) + len(f.title) + len(f.text) + len(f.picture)
}

// kept is a preview that is kept.
type kept struct {
	found
	till time.Time
}

// look is a look-up that goes on.
type look struct {
	done  chan struct{} // closed when found, or err, is there
	found found
	err   error // errBusy
}

// Previews looks up links. Make it with [New].
type Previews struct {
	options Options
	log     *slog.Logger
	client  *http.Client
	turns   *semaphore.Weighted

	work    context.Context // ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex // protects following
	looks  map[string]*look
	all    map[string]*list.Element // of recent
	recent *list.List               // of *kept, the one that was asked for last in front
	bytes  int
	closed bool
}

// New makes the previews of a node.
func New(o Options) *Previews {
	if o.Limits == nil {
		o.Limits = chat.Open{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	work, stop := context.WithCancel(context.Background())
	return &Previews{
		options: o, log: o.Logger, client: newClient(o.Allow), turns: semaphore.NewWeighted(atOnce),
		work: work, stop: stop, looks: map[string]*look{}, all: map[string]*list.Element{}, recent: list.New(),
	}
}

// Close ends all look-ups.
func (p *Previews) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	p.running.Wait()
	p.client.CloseIdleConnections()
}

// of is what is shown of a link. Somebody who reads a room has asked for it. Errors: those of the
// limits, errBusy, ctx's.
func (p *Previews) of(ctx context.Context, who chat.Principal, room chat.RoomID, at *url.URL) (found, error) {
	if f, ok := p.known(at.String()); ok {
		return f, nil
	}
	if err := p.options.Limits.Decide(ctx, who, room, chat.ActionPreview); err != nil {
		return found{}, err
	}
	l, err := p.begin(at)
	if err != nil {
		return found{}, err
	}
	select {
	case <-l.done:
		return l.found, l.err
	case <-ctx.Done():
		return found{}, ctx.Err()
	}
}

// known is what was found before.
func (p *Previews) known(at string) (found, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	element, ok := p.all[at]
	if !ok {
		return found{}, false
	}
	k := element.Value.(*kept)
	if time.Now().After(k.till) {
		p.forgetLocked(element)
		return found{}, false
	}
	p.recent.MoveToFront(element)
	return k.found, true
}

// begin looks a link up, unless somebody does already.
func (p *Previews) begin(at *url.URL) (*look, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := at.String()
	if l, ok := p.looks[key]; ok {
		return l, nil
	}
	if p.closed || len(p.looks) >= maxWaiting {
		return nil, errBusy
	}
	l := &look{done: make(chan struct{})}
	p.looks[key] = l
	p.running.Go(func() {
		if l.found, l.err = p.lookUp(at); l.err == nil {
			p.keep(key, l.found)
		}
		p.mu.Lock()
		delete(p.looks, key)
		p.mu.Unlock()
		close(l.done)
	})
	return l, nil
}

// keep keeps what was found, and forgets what was not asked for lately if that is too much.
func (p *Previews) keep(key string, f found) {
	f.url = key
	till := time.Now().Add(keepFound)
	if f.isNothing() {
		till = time.Now().Add(keepNothing)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if old, ok := p.all[key]; ok {
		p.forgetLocked(old)
	}
	p.all[key] = p.recent.PushFront(&kept{f, till})
	p.bytes += f.size()
	for p.bytes > maxKept {
		p.forgetLocked(p.recent.Back())
	}
}

// forgetLocked forgets a preview; mu is held.
func (p *Previews) forgetLocked(element *list.Element) {
	k := p.recent.Remove(element).(*kept)
	delete(p.all, k.url)
	p.bytes -= k.size()
}

// lookUp looks up a link. What can't be found is nothing. The error is errBusy, of what nobody has
// come to.
func (p *Previews) lookUp(at *url.URL) (found, error) {
	ctx, cancel := context.WithTimeout(p.work, lookTime)
	defer cancel()
	if p.turns.Acquire(ctx, 1) != nil {
		return found{}, errBusy
	}
	defer p.turns.Release(1)
	f, err := p.fetch(ctx, at)
	if err != nil {
		p.log.Debug("a link has no preview", "host", at.Host, "err", err)
	}
	return f, nil
}

// fetch asks for a page and its picture, or for what is a picture itself.
func (p *Previews) fetch(ctx context.Context, at *url.URL) (found, error) {
	a, err := get(ctx, p.client, at, "text/html,application/xhtml+xml,image/*;q=0.5")
	if err != nil {
		return found{}, err
	}
	f := found{site: strings.TrimPrefix(a.at.Hostname(), "www.")}
	media, _, _ := mime.ParseMediaType(a.kind)
	switch {
	case media == "text/html" || media == "application/xhtml+xml":
		said := readPage(a.body, a.kind, a.at)
		f.title, f.text = said.title, said.text
		if said.site != "" {
			f.site = said.site
		}
		if said.picture == nil {
			return f, nil
		}
		if a, err = get(ctx, p.client, said.picture, "image/*"); err != nil {
			return f, err
		}
	case !strings.HasPrefix(media, "image/"):
		return found{}, errNothing
	}
	if !a.whole {
		return f, errNothing
	}
	f.picture, f.width, f.height, err = picture.Small(ctx, bytes.NewReader(a.body), int64(len(a.body)), maxSide)
	if err == nil && f.picture != nil {
		f.pictureType = http.DetectContentType(f.picture)
	}
	return f, err
}
