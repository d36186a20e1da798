package browser

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// Work is what the browser did for a page, counted.
type Work struct {
	// Layouts is how often something was laid out, Paints how often something was painted.
	Layouts, Paints int
	// Painted are the elements that were painted anew, as "DIV class='message'", and how often. What
	// is small is counted with what it stands in.
	Painted map[string]int
}

// Trace counts what the browser does for the page while do runs.
func (p *Page) Trace(t testing.TB, do func()) Work {
	t.Helper()
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	tree, err := chromedp.Call(ctx, page.GetFrameTree, cdp.Empty{})
	require.NoError(t, err)
	work := Work{Painted: map[string]int{}}
	var mu sync.Mutex // guards work
	complete := make(chan struct{}, 1)
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		switch event := event.(type) {
		case *tracing.EventDataCollected:
			mu.Lock()
			defer mu.Unlock()
			for _, data := range event.Value {
				work.count(data, string(tree.FrameTree.Frame.ID))
			}
		case *tracing.EventTracingComplete:
			complete <- struct{}{}
		}
	}))
	call(t, p, tracing.Start, tracing.StartParams{
		TransferMode: tracing.StartTransferModeReportEvents,
		TraceConfig:  &tracing.TraceConfig{IncludedCategories: []string{"devtools.timeline"}, ExcludedCategories: []string{"*"}},
	})
	do()
	call(t, p, tracing.End, cdp.Empty{})
	testwait.Receive(t, complete, "the end of the trace")
	mu.Lock()
	defer mu.Unlock()
	return work
}

// count counts an event of the trace, if it is of the frame.
func (w *Work) count(data []byte, frame string) {
	var event struct {
		Name, Ph string
		Args     struct {
			BeginData struct{ Frame string }
			Data      struct{ Frame, NodeName string }
		}
	}
	if json.Unmarshal(data, &event) != nil || event.Ph != "X" {
		return
	}
	switch {
	case event.Name == "Layout" && event.Args.BeginData.Frame == frame:
		w.Layouts++
	case event.Name == "Paint" && event.Args.Data.Frame == frame && event.Args.Data.NodeName == "#document":
		w.Paints++
	case event.Name == "Paint" && event.Args.Data.Frame == frame:
		w.Painted[event.Args.Data.NodeName]++
	}
}
