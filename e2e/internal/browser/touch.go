package browser

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
)

// Touch makes the tab one of a device that has a finger and no mouse.
func (p *Page) Touch(t testing.TB) {
	t.Helper()
	call(t, p, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 1})
}

// Hold rests a finger on an element until something is opened by it. The element is a JavaScript
// expression.
func (p *Page) Hold(t testing.TB, element, opened string) {
	t.Helper()
	place := Eval[[2]float64](t, p, `(e => { const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })(`+element+`)`)
	touch := func(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
		if points == nil {
			points = []*input.TouchPoint{}
		}
		call(t, p, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
	}
	touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: place[0], Y: place[1]})
	p.WaitFor(t, opened)
	touch(input.DispatchTouchEventTypeTouchEnd)
}
