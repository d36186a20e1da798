package httpapi

import (
	"net/http"
	"strconv"
	"strings"
)

// AcceptsGzip reports whether a request asks for gzip by name. An asterisk does not: who sends one
// may be a program that decodes nothing.
func AcceptsGzip(r *http.Request) bool {
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, parameters, _ := strings.Cut(item, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			return Weight(parameters) > 0
		}
	}
	return false
}

// Weight is the q of the parameters of one item of an Accept header: 1 when there is none, 0 when it
// can't be read.
func Weight(parameters string) float64 {
	for p := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || !(q >= 0 && q <= 1) {
				return 0
			}
			return q
		}
	}
	return 1
}
