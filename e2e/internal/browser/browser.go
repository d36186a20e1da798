// Package browser drives a real Chromium as people use the page: by what they see, click and type.
//
// One browser serves all tests of a run, since starting one takes seconds. A [Person] has cookies
// and storage of their own; their tabs are [Page]s. The page's elements are found by data-testid,
// the hooks that the front end promises.
package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

// Insecure is a domain whose hosts are this machine to the browser. Other than loopback addresses
// it is no secure context over plain HTTP, as on somebody's local network: a page there has no Web
// Locks, for one.
const Insecure = "lan.test"

// Browser is one running Chromium.
type Browser struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// Start starts Chromium; more are further options of its command line. The caller closes it.
func Start(t testing.TB, more ...chromedp.ExecAllocatorOption) *Browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(harness.Find(t, "chromium")),
		chromedp.WSURLReadTimeout(testwait.Limit), // for its start
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP *."+Insecure+" 127.0.0.1"),
		chromedp.Flag("accept-lang", "en"),
		chromedp.Env("LANGUAGE=en"),
		chromedp.WindowSize(1200, 800),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to run as root with it
	}
	options = append(options, more...)
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancelBrowser := chromedp.NewContext(allocator)
	b := &Browser{ctx: ctx, cancel: func() {
		closing, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		_ = chromedp.Cancel(closing) // it is killed below if it does not close
		cancelBrowser()
		cancelAllocator()
	}}
	if err := chromedp.Do(ctx); err != nil {
		b.cancel()
		require.NoError(t, err, "start Chromium")
	}
	return b
}

// Close ends Chromium.
func (b *Browser) Close() { b.cancel() }

// Person is somebody with cookies and storage of their own.
type Person struct {
	// Name is for the log of a failed test and what Join signs in with.
	Name    string
	browser *Browser
	ctx     context.Context
	first   *Page
}

// Person is somebody who has never been here. They leave with the test.
func (b *Browser) Person(t testing.TB, name string) *Person {
	t.Helper()
	return b.person(t, name)
}

// PersonBehind is a person whose browser reaches everything, loopback too, through a forward proxy:
// host:port.
func (b *Browser) PersonBehind(t testing.TB, name, proxy string) *Person {
	t.Helper()
	return b.person(t, name, func(p *target.CreateBrowserContextParams) {
		p.ProxyServer, p.ProxyBypassList = "http://"+proxy, "<-loopback>" // Chromium leaves loopback out otherwise
	})
}

func (b *Browser) person(t testing.TB, name string, options ...chromedp.CreateBrowserContextOption) *Person {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(options...))
	t.Cleanup(cancel)
	p := &Person{Name: name, browser: b, ctx: ctx}
	p.first = newPage(t, p, ctx)
	return p
}

// Page is the person's first tab.
func (p *Person) Page() *Page { return p.first }

// NewTab opens one more tab.
func (p *Person) NewTab(t testing.TB) *Page {
	t.Helper()
	id := chromedp.FromContext(p.ctx).BrowserContextID
	ctx, cancel := chromedp.NewContext(p.ctx, chromedp.WithExistingBrowserContext(id))
	t.Cleanup(cancel)
	return newPage(t, p, ctx)
}

// Page is a tab.
type Page struct {
	person *Person
	ctx    context.Context

	mu      sync.Mutex // guards console
	console []string   // errors and exceptions, as the browser's console shows them
}

func newPage(t testing.TB, person *Person, ctx context.Context) *Page {
	t.Helper()
	p := &Page{person: person, ctx: ctx}
	messages := chromedp.Console(ctx)
	require.NoError(t, chromedp.Do(ctx))
	// Every tab believes that it is the one in front, as each would be on its own machine.
	_, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	require.NoError(t, err)
	go func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			p.mu.Lock()
			p.console = append(p.console, message.String())
			p.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the page of %s at its end:\n%s\nits console:\n%s", person.Name, p.describe(), strings.Join(p.Console(), "\n"))
		}
	})
	return p
}

// Close closes the tab, as a person does.
func (p *Page) Close(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, testwait.Limit)
	defer cancel()
	id := chromedp.FromContext(p.ctx).Target.TargetID
	_, err := chromedp.CallBrowser(ctx, target.CloseTarget, target.CloseTargetParams{TargetID: id})
	require.NoError(t, err)
}

// Console is what the browser's console shows.
func (p *Page) Console() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.console)
}

// do runs steps within [testwait.Limit].
func (p *Page) do(t testing.TB, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, testwait.Limit)
	defer cancel()
	require.NoError(t, chromedp.Do(ctx, steps...), "the page of %s:\n%s", p.person.Name, p.describe())
}

// Open goes to an address.
func (p *Page) Open(t testing.TB, address string) {
	t.Helper()
	p.do(t, chromedp.Navigate(address))
}

// Location is the address in the address bar.
func (p *Page) Location(t testing.TB) string {
	t.Helper()
	return Eval[string](t, p, "location.href")
}

// Eval evaluates JavaScript in the page; a promise is waited for.
func Eval[T any](t testing.TB, p *Page, script string) T {
	t.Helper()
	value, err := eval[T](p, script)
	require.NoError(t, err, "%s in the page of %s", script, p.person.Name)
	return value
}

// Load runs a whole script in the page, as the browser's own tools do: the page's content security
// policy does not ask.
func (p *Page) Load(t testing.TB, source string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, testwait.Limit)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](source+"\n;true"))
	require.NoError(t, err)
}

func eval[T any](p *Page, script string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, testwait.Limit)
	defer cancel()
	// As JSON, so that undefined and null are zero values and Go's decoder alone decides on types.
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		"(async () => JSON.stringify((await ("+script+")) ?? null))()", chromedp.EvalAwaitPromise))
	var value T
	if err != nil {
		return value, err
	}
	err = json.Unmarshal([]byte(text), &value)
	return value, err
}

// Until waits until a JavaScript condition holds in the page.
func (p *Page) Until(t testing.TB, what, condition string) {
	t.Helper()
	deadline := testwait.Deadline()
	for {
		// While the page is being loaded there is nothing to evaluate in.
		if holds, err := eval[bool](p, "Boolean("+condition+")"); err == nil && holds {
			return
		}
		if time.Now().After(deadline) {
			require.FailNow(t, "not seen", "%s in the page of %s; it shows:\n%s", what, p.person.Name, p.describe())
		}
		time.Sleep(50 * time.Millisecond) // between two looks
	}
}

// describe is what the page shows, for the log of a failed test.
func (p *Page) describe() string {
	text, err := eval[string](p, `location.href + "\n" + [...document.querySelectorAll("[data-testid]")].map(e =>
		"  " + e.dataset.testid + " " + JSON.stringify({...e.dataset, testid: undefined}) + " " +
		String(e.value || e.innerText || "").slice(0, 80).replaceAll("\n", "⏎")).join("\n")`)
	if err != nil {
		return err.Error()
	}
	return text
}

// byID is the JavaScript that finds the first visible element of a hook.
func byID(id string) string {
	return fmt.Sprintf(`[...document.querySelectorAll('[data-testid=%q]')].find(e => e.checkVisibility())`, id)
}

// Has reports whether an element of a hook is to be seen now.
func (p *Page) Has(t testing.TB, id string) bool {
	t.Helper()
	return Eval[bool](t, p, "Boolean("+byID(id)+")")
}

// WaitFor waits until an element of a hook is to be seen.
func (p *Page) WaitFor(t testing.TB, id string) {
	t.Helper()
	p.Until(t, id, byID(id))
}

// Click clicks on an element, with the mouse, in its middle.
func (p *Page) Click(t testing.TB, id string) {
	t.Helper()
	p.WaitFor(t, id)
	place := Eval[[2]float64](t, p, `(e => { e.scrollIntoView({block: "nearest"}); const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2]; })(`+byID(id)+")")
	p.do(t, chromedp.MouseClickXY(place[0], place[1]))
}

// Fill replaces what is in a field by typing.
func (p *Page) Fill(t testing.TB, id, text string) {
	t.Helper()
	p.WaitFor(t, id)
	Eval[any](t, p, "(e => { e.focus(); e.select(); })("+byID(id)+")")
	p.Press(t, "\b")
	p.Type(t, text)
	p.Until(t, id+" filled", byID(id)+".value === "+quote(text))
}

// Type types text where the focus is, as an input method does: whole.
func (p *Page) Type(t testing.TB, text string) {
	t.Helper()
	p.do(t, insertText(text))
}

// Press presses keys one by one where the focus is, each as a keyboard does: a page that takes the
// key for itself keeps the letter out. (chromedp's KeyEvent types the letter in an event of its
// own, which nothing keeps out.)
func (p *Page) Press(t testing.TB, keys string, modifiers ...chromedp.Modifier) {
	t.Helper()
	for _, r := range keys {
		p.do(t, press(r, modifiers))
	}
}

// Emulate sets a media feature, as in "prefers-color-scheme" and "dark".
func (p *Page) Emulate(t testing.TB, feature, value string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, testwait.Limit)
	defer cancel()
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: feature, Value: value}},
	})
	require.NoError(t, err)
}

// quote is a string as JavaScript writes it.
func quote(s string) string {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string can always be written as JSON
	}
	return string(data)
}
