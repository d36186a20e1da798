package mcp

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// refusal is an answer in which what the SDK refuses as plain text is an error of JSON-RPC, which is
// what agents read. One writer is for one request.
type refusal struct {
	http.ResponseWriter
	body   []byte // of the request
	status int    // of a text that is to be told so; zero for none
}

// Unwrap is for [http.ResponseController].
func (w *refusal) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements [http.ResponseWriter].
func (w *refusal) WriteHeader(status int) {
	if status >= http.StatusBadRequest && strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		w.status = status
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter]. The SDK writes a text that says why at once.
func (w *refusal) Write(text []byte) (int, error) {
	if w.status == 0 {
		return w.ResponseWriter.Write(text)
	}
	id, code := jsonrpc.ID{}, int64(jsonrpc.CodeInvalidRequest)
	why := strings.TrimSpace(string(text))
	status := w.status
	if message, err := jsonrpc.DecodeMessage(w.body); err == nil {
		if request, is := message.(*jsonrpc.Request); is {
			id = request.ID
		}
	} else if !json.Valid(w.body) {
		code = jsonrpc.CodeParseError
	}
	if strings.HasPrefix(why, "JSON RPC not handled") {
		code, status = jsonrpc.CodeMethodNotFound, http.StatusOK // it was understood
	}
	answer, err := jsonrpc.EncodeMessage(&jsonrpc.Response{ID: id, Error: &jsonrpc.Error{Code: code, Message: why}})
	if err != nil {
		return 0, err
	}
	w.Header().Set("Content-Type", "application/json")
	w.ResponseWriter.WriteHeader(status)
	_, err = w.ResponseWriter.Write(answer)
	return len(text), err
}
