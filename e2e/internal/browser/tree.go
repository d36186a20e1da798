package browser

import (
	"encoding/json"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Node is one thing that a screen reader finds on the page.
type Node struct {
	Role, Name string
	// Properties are such as "level", "live" and "busy", as the browser tells them.
	Properties map[string]any
}

// AccessibilityTree is what a screen reader finds on the page, in the order of the document.
func (p *Page) AccessibilityTree(t testing.TB) []Node {
	t.Helper()
	result, err := chromedp.Call(p.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	require.NoError(t, err)
	var nodes []Node
	for _, n := range result.Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		node := Node{Properties: map[string]any{}}
		require.NoError(t, json.Unmarshal(n.Role.Value, &node.Role))
		if n.Name != nil {
			require.NoError(t, json.Unmarshal(n.Name.Value, &node.Name))
		}
		for _, property := range n.Properties {
			var value any
			if property.Value != nil && len(property.Value.Value) > 0 {
				require.NoError(t, json.Unmarshal(property.Value.Value, &value))
			}
			node.Properties[string(property.Name)] = value
		}
		nodes = append(nodes, node)
	}
	return nodes
}
