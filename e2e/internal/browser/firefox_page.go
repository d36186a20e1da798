package browser

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// FirefoxPage is a tab of Firefox whose cookies and storage are its own.
type FirefoxPage struct {
	firefox *Firefox
	person  string // whose cookies and storage it has
	tab     string
	name    string
}

// Page opens a tab for somebody who has never been here. They leave with the test.
func (f *Firefox) Page(t testing.TB, name string) *FirefoxPage {
	t.Helper()
	var person struct {
		UserContext string `json:"userContext"`
	}
	require.NoError(t, f.call("browser.createUserContext", map[string]any{}, &person))
	t.Cleanup(func() {
		_ = f.call("browser.removeUserContext", map[string]any{"userContext": person.UserContext}, nil) // it ends with Firefox
	})
	return f.newPage(t, person.UserContext, name)
}

// NewTab opens one more tab of the same person.
func (p *FirefoxPage) NewTab(t testing.TB) *FirefoxPage {
	t.Helper()
	return p.firefox.newPage(t, p.person, p.name)
}

func (f *Firefox) newPage(t testing.TB, person, name string) *FirefoxPage {
	t.Helper()
	var tab struct {
		Context string `json:"context"`
	}
	require.NoError(t, f.call("browsingContext.create", map[string]any{"type": "tab", "userContext": person}, &tab))
	p := &FirefoxPage{firefox: f, person: person, tab: tab.Context, name: name}
	t.Cleanup(func() {
		if t.Failed() {
			// With its own account of the connection.
			_, _ = p.eval(byID("connection") + ".click()")
			shown, err := p.eval("new Promise(requestAnimationFrame).then(() => document.body?.innerText ?? '')")
			t.Logf("Firefox, the page of %s at its end (%v):\n%s\nits console: %q", name, err, shown, p.Console())
		}
	})
	return p
}

// eval is the JSON of a script's value; a promise is waited for.
func (p *FirefoxPage) eval(script string) (string, error) {
	var answer struct {
		Type   string `json:"type"`
		Result struct {
			Value string `json:"value"`
		} `json:"result"`
		ExceptionDetails struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	err := p.firefox.call("script.evaluate", map[string]any{
		"expression":   "(async () => JSON.stringify((await (" + script + ")) ?? null))()",
		"target":       map[string]any{"context": p.tab},
		"awaitPromise": true,
	}, &answer)
	if err == nil && answer.Type != "success" {
		err = fmt.Errorf("%s: %s", script, answer.ExceptionDetails.Text)
	}
	return answer.Result.Value, err
}

// Read evaluates JavaScript in the page and puts its value into value.
func (p *FirefoxPage) Read(t testing.TB, script string, value any) {
	t.Helper()
	data, err := p.eval(script)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(data), value), data)
}

// Until waits until a JavaScript condition holds in the page.
func (p *FirefoxPage) Until(t testing.TB, what, condition string) {
	t.Helper()
	for deadline := testwait.Deadline(); ; {
		// While the page is being loaded there is nothing to evaluate in.
		if holds, err := p.eval("Boolean(" + condition + ")"); err == nil && holds == "true" {
			return
		}
		require.False(t, time.Now().After(deadline), "Firefox, the page of %s: not seen: %s", p.name, what)
		time.Sleep(50 * time.Millisecond) // between two looks
	}
}

// Open goes to an address.
func (p *FirefoxPage) Open(t testing.TB, address string) {
	t.Helper()
	require.NoError(t, p.firefox.call("browsingContext.navigate", map[string]any{
		"context": p.tab, "url": address, "wait": "complete",
	}, nil))
}

// Visit opens a link to a room with the transport pinned, and gives the person's name when asked
// for it.
func (p *FirefoxPage) Visit(t testing.TB, base, room, transport string) {
	t.Helper()
	p.Open(t, base+"/rooms/"+url.PathEscape(room)+"?transport="+transport)
	p.WaitLive(t, transport)
	p.Until(t, "a field", byID("name-input")+" || "+byID("composer-input"))
	var asked bool
	if p.Read(t, "Boolean("+byID("name-input")+")", &asked); asked {
		p.Fill(t, "name-input", p.name)
		p.Click(t, "name-save")
		p.Until(t, "the name taken", "!("+byID("name-save")+")")
	}
	p.WaitLive(t, transport)
}

// MayNotify answers Firefox's question whether a site may show notifications: yes.
func (p *FirefoxPage) MayNotify(t testing.TB, site string) {
	t.Helper()
	require.NoError(t, p.firefox.call("permissions.setPermission", map[string]any{
		"descriptor": map[string]any{"name": "notifications"}, "state": "granted", "origin": site, "userContext": p.person,
	}, nil))
}

// Select draws the mouse over an element, from its left edge to its right one, as somebody who
// selects its text does.
func (p *FirefoxPage) Select(t testing.TB, element string) {
	t.Helper()
	var box [3]float64
	p.Read(t, `(e => { const r = document.createRange(); r.selectNodeContents(e); const b = r.getBoundingClientRect();
		return [b.left, b.right, b.y + b.height / 2]; })(`+element+`)`, &box)
	y := int(box[2])
	p.act(t, map[string]any{"type": "pointer", "id": "mouse", "actions": []map[string]any{
		{"type": "pointerMove", "x": int(box[0]), "y": y}, {"type": "pointerDown", "button": 0},
		{"type": "pointerMove", "x": int(box[0]+box[1]) / 2, "y": y}, {"type": "pointerMove", "x": int(box[1]), "y": y},
		{"type": "pointerUp", "button": 0},
	}})
}

// Copy copies what is selected, by Ctrl+C.
func (p *FirefoxPage) Copy(t testing.TB) {
	t.Helper()
	const control = "\ue009"
	p.act(t, map[string]any{"type": "key", "id": "keyboard", "actions": []map[string]any{
		{"type": "keyDown", "value": control}, {"type": "keyDown", "value": "c"}, {"type": "keyUp", "value": "c"}, {"type": "keyUp", "value": control},
	}})
}

// WaitLive waits until the page is connected over the transport.
func (p *FirefoxPage) WaitLive(t testing.TB, transport string) {
	t.Helper()
	p.Until(t, "live over "+transport, fmt.Sprintf(
		`(c => c?.dataset.state === "live" && c.dataset.transport === %s)(document.querySelector('[data-testid="connection"]'))`, quote(transport)))
}

// Fill types text into a field with the keyboard.
func (p *FirefoxPage) Fill(t testing.TB, id, text string) {
	t.Helper()
	p.Until(t, id, byID(id))
	p.Read(t, "(e => { e.focus(); e.select(); })("+byID(id)+")", new(any))
	p.Press(t, text)
	p.Until(t, id+" filled", byID(id)+".value === "+quote(text))
}

// Click clicks on an element with the mouse, in its middle.
func (p *FirefoxPage) Click(t testing.TB, id string) {
	t.Helper()
	p.Until(t, id, byID(id))
	var place [2]float64
	p.Read(t, `(e => { e.scrollIntoView({block: "nearest"}); const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2]; })(`+byID(id)+")", &place)
	p.act(t, map[string]any{"type": "pointer", "id": "mouse", "actions": []map[string]any{
		{"type": "pointerMove", "x": int(place[0]), "y": int(place[1])}, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0},
	}})
}

// Keys for [FirefoxPage.Press], as WebDriver names them.
const (
	FirefoxEnter  = "\ue007"
	FirefoxEscape = "\ue00c"
	FirefoxDelete = "\ue017"
	FirefoxUp     = "\ue013"
	FirefoxDown   = "\ue015"
)

// Press presses one key after another.
func (p *FirefoxPage) Press(t testing.TB, keys string) {
	t.Helper()
	var actions []map[string]any
	for _, r := range keys {
		actions = append(actions, map[string]any{"type": "keyDown", "value": string(r)}, map[string]any{"type": "keyUp", "value": string(r)})
	}
	p.act(t, map[string]any{"type": "key", "id": "keyboard", "actions": actions})
}

func (p *FirefoxPage) act(t testing.TB, source map[string]any) {
	t.Helper()
	require.NoError(t, p.firefox.call("input.performActions", map[string]any{"context": p.tab, "actions": []any{source}}, nil))
}

// Send types a message and sends it.
func (p *FirefoxPage) Send(t testing.TB, text string) {
	t.Helper()
	p.Fill(t, "composer-input", text)
	p.Click(t, "send")
}

// WaitMessages waits until the page shows as many messages, all stored, asserts that they are these
// in this order, and is the messages.
func (p *FirefoxPage) WaitMessages(t testing.TB, texts ...string) []Message {
	t.Helper()
	p.Until(t, fmt.Sprintf("%d messages", len(texts)), fmt.Sprintf(
		`(m => m.length >= %d && m.every(m => m.id && m.state === "sent"))(%s)`, len(texts), allMessages))
	var messages []Message
	p.Read(t, allMessages, &messages)
	var shown []string
	for _, message := range messages {
		shown = append(shown, message.Text)
	}
	require.Equal(t, texts, shown, "what Firefox shows %s", p.name)
	return messages
}

// Console is the errors in the page's console. What the content security policy stops is among
// them.
func (p *FirefoxPage) Console() []string {
	p.firefox.mu.Lock()
	defer p.firefox.mu.Unlock()
	return slices.Clone(p.firefox.logs[p.tab])
}
