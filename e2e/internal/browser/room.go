package browser

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// insertText puts text in without a key for each letter.
func insertText(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
}

// press is one key going down and up. Its rune is as package kb has it; others are typed as an
// input method would.
func press(r rune, modifiers []chromedp.Modifier) chromedp.Action[chromedp.Void] {
	key, known := kb.Keys[r]
	if !known {
		return insertText(string(r))
	}
	event := input.DispatchKeyEventParams{
		Type: input.DispatchKeyEventTypeKeyDown, Key: key.Key, Code: key.Code,
		WindowsVirtualKeyCode: key.Windows, NativeVirtualKeyCode: key.Native,
	}
	for _, modifier := range modifiers {
		event.Modifiers |= int64(modifier)
	}
	if key.Print {
		event.Text, event.UnmodifiedText = key.Text, key.Unmodified
	}
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, event); err != nil {
			return err
		}
		up := event
		up.Type, up.Text, up.UnmodifiedText = input.DispatchKeyEventTypeKeyUp, "", ""
		_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, up)
		return err
	})
}

// Message is one message as the page shows it.
type Message struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Own   bool   `json:"own"`
	Text  string `json:"text"`
}

// Join opens the start page and joins a room under the person's name.
func (p *Page) Join(t testing.TB, base, room string) {
	t.Helper()
	p.Open(t, base+"/")
	p.Fill(t, "start-room", room)
	p.Fill(t, "start-name", p.person.Name)
	p.Click(t, "join")
	p.WaitLive(t, "")
}

// Visit opens a link to a room and gives the person's name where it is asked for. The transport is
// pinned unless "".
func (p *Page) Visit(t testing.TB, base, room, transport string) {
	t.Helper()
	address := base + "/rooms/" + url.PathEscape(room)
	if transport != "" {
		address += "?transport=" + transport
	}
	p.Open(t, address)
	p.WaitFor(t, "connection")
	p.WaitLive(t, transport)
	p.SaveName(t)
	p.WaitLive(t, transport)
}

// SaveName gives the person's name where the page asks for it.
func (p *Page) SaveName(t testing.TB) {
	t.Helper()
	if p.Has(t, "name-save") {
		p.Fill(t, "name-input", p.person.Name)
		p.Click(t, "name-save")
		p.Until(t, "the name taken", "!("+byID("name-save")+")")
	}
}

// WaitLive waits until the page is connected, over the transport unless that is "".
func (p *Page) WaitLive(t testing.TB, transport string) {
	t.Helper()
	condition := `(c => c && c.dataset.state === "live"` + ` && %s)(document.querySelector('[data-testid="connection"]'))`
	over := "true"
	if transport != "" {
		over = "c.dataset.transport === " + quote(transport)
	}
	p.Until(t, "live "+transport, fmt.Sprintf(condition, over))
}

// Transport is the transport that the page says it is on.
func (p *Page) Transport(t testing.TB) string {
	t.Helper()
	return Eval[string](t, p, `document.querySelector('[data-testid="connection"]').dataset.transport`)
}

// Send types a message and sends it.
func (p *Page) Send(t testing.TB, text string) {
	t.Helper()
	p.Fill(t, "composer-input", text)
	p.Click(t, "send")
}

const allMessages = `[...document.querySelectorAll('[data-testid="message"]')].map(e => ({
	id: e.dataset.id ?? "", state: e.dataset.state ?? "",
	own: "own" in e.dataset && e.dataset.own !== "false",
	text: e.querySelector('[data-testid="message-text"]')?.textContent ?? ""}))`

// Messages is all messages that the page has, in the order shown.
func (p *Page) Messages(t testing.TB) []Message {
	t.Helper()
	return Eval[[]Message](t, p, allMessages)
}

// Texts is what the page's messages say, in the order shown.
func (p *Page) Texts(t testing.TB) []string {
	t.Helper()
	texts := []string{}
	for _, message := range p.Messages(t) {
		texts = append(texts, message.Text)
	}
	return texts
}

// WaitTexts waits until the page shows as many messages and asserts that they are these, in this
// order.
func (p *Page) WaitTexts(t testing.TB, texts ...string) {
	t.Helper()
	p.Until(t, fmt.Sprintf("%d messages", len(texts)), fmt.Sprintf("(%s).length >= %d", allMessages, len(texts)))
	require.Equal(t, texts, p.Texts(t), "what the page of %s shows", p.person.Name)
}

// WaitSent waits until the page says of its own message with this text that it is sent.
func (p *Page) WaitSent(t testing.TB, text string) Message {
	t.Helper()
	p.Until(t, "sent: "+text, fmt.Sprintf(`(%s).some(m => m.own && m.text === %s && m.state === "sent")`, allMessages, quote(text)))
	for _, message := range p.Messages(t) {
		if message.Text == text && message.Own {
			return message
		}
	}
	require.FailNow(t, "gone", "the message %q was shown and is not any more", text)
	return Message{}
}

// Wheel turns the mouse's wheel over the middle of the page, by so many pixels.
func (p *Page) Wheel(t testing.TB, by float64) {
	t.Helper()
	call(t, p, input.DispatchMouseEvent, input.DispatchMouseEventParams{
		Type: input.DispatchMouseEventTypeMouseWheel, X: 500, Y: 400, DeltaY: by,
		DeltaX: 1e-9, // a zero would be left out, and has to be there
	})
}
