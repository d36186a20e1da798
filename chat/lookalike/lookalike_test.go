package lookalike

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShape(t *testing.T) {
	for _, same := range [][]string{
		{"Ann", "Аnn", "Ann\u200b", "Ａｎｎ", "𝐀nn"},
		{"Анна", "Aннa"},
		{"Bill", "BiII", "Bi11", "Bi|l"},
		{"Tom", "Torn"},
		{"José", "Jose\u0301"},
		{"Ann Lee", "Ann  Lee", "Ann\u00a0Lee", " Ann Lee "},
		{"ΑΒΕ", "ABE", "АВЕ"},
		{"ci", "сi"},
		{"علی", "عل\u200cی"},
		{"👻", "👻\ufe0f"},
	} {
		for _, name := range same {
			require.Equal(t, Shape(same[0]), Shape(name), "%q and %q", same[0], name)
		}
	}
	for _, other := range [][2]string{{"Ann", "ann"}, {"Ann", "Anna"}, {"Ann", "Änn"}, {"Аня", "Ann"}, {"AnnLee", "Ann Lee"}, {"日本", "日木"}} {
		require.NotEqual(t, Shape(other[0]), Shape(other[1]), "%q", other)
	}
	require.Greater(t, len(prototypes()), 2000)
}

func BenchmarkShape(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Shape("Ann Lee")
	}
}
