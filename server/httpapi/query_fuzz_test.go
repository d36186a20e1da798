package httpapi

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/caller-chat/caller/transport/wire"
	"github.com/stretchr/testify/require"
)

// A query is read or refused with a failure that names what is wrong; nothing else happens.
func FuzzQuery(f *testing.F) {
	f.Add("after=42-7f3a9c12&limit=5&wait=25")
	f.Add("room=a@42-7f3a9c12&room=b&roster=a@7")
	f.Add("before=0-0&history=3&stream=p-1")
	f.Fuzz(func(t *testing.T, query string) {
		r := &http.Request{URL: &url.URL{RawQuery: query}, Header: http.Header{}}
		if reading, err := ReadingOf(r); err == nil {
			require.LessOrEqual(t, reading.Limit, MaxLimit)
			require.LessOrEqual(t, reading.Wait, MaxWait)
		} else {
			require.Less(t, FailureOf(err).Status(), 500)
		}
		if rooms, err := RoomStartsOf(r); err == nil {
			require.LessOrEqual(t, len(rooms), wire.MaxRooms)
		} else {
			require.Less(t, FailureOf(err).Status(), 500)
		}
		if _, err := StartOf(r); err != nil {
			require.Less(t, FailureOf(err).Status(), 500)
		}
	})
}
