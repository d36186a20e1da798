package wire

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCodesAreAllThatAreDeclared(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	require.NoError(t, err)
	var declared []Code
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
				text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				require.NoError(t, err)
				declared = append(declared, Code(text))
			}
		}
		return true
	})
	require.Greater(t, len(declared), 40)
	assert.ElementsMatch(t, declared, Codes())
	for _, code := range Codes() {
		if code != CodeInternal {
			assert.NotEqual(t, meaningOf(CodeInternal), meaningOf(code), "%s is not in the table", code)
		}
	}
}
