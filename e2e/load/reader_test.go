package main

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMessages(t *testing.T) {
	want := said{voice: 0xabc, seq: 77, at: 1234567890123}
	text := appendText(nil, want)
	require.Len(t, text, textLength)
	got, after, err := next(append([]byte(`{"text":"`), text...))
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, len(`{"text":"`)+messageHead, after)

	for n := range messageHead {
		_, after, err = next(text[:n])
		require.NoError(t, err)
		require.Negative(t, after, "only %d bytes of it are there", n)
	}
	text[5] = 'x'
	_, _, err = next(text)
	require.ErrorIs(t, err, errDigits)
}

// listening is a reader of a room with two voices, the second room of its load.
func listening(t *testing.T, via transport) *reader {
	l := &load{loop: &loop{now: 100}, server: &running{subject: baselineSubject{}}}
	l.addRooms(2, 2)
	r := &reader{load: l, room: l.rooms[1], via: via, headed: true, joined: true, heard: make([]uint32, 2)}
	l.readers = []*reader{r}
	l.rooms[1].readers = l.readers
	t.Cleanup(func() { t.Log(l.failures) })
	return r
}

func TestReadersNotice(t *testing.T) {
	for name, c := range map[string]struct {
		say   []said // the room's voices are 2 and 3
		tally tally
	}{
		"nothing wrong":         {[]said{{voice: 2, seq: 1}, {voice: 3, seq: 1}, {voice: 2, seq: 2}}, tally{delivered: 3}},
		"a gap":                 {[]said{{voice: 2, seq: 1}, {voice: 2, seq: 4}}, tally{delivered: 2, lost: 2}},
		"a gap at the start":    {[]said{{voice: 3, seq: 2}}, tally{delivered: 1, lost: 1}},
		"twice":                 {[]said{{voice: 2, seq: 1}, {voice: 2, seq: 1}}, tally{delivered: 1, disorder: 1}},
		"out of order":          {[]said{{voice: 2, seq: 2}, {voice: 2, seq: 1}}, tally{delivered: 1, lost: 1, disorder: 1}},
		"another room's":        {[]said{{voice: 1, seq: 1}}, tally{disorder: 1}},
		"a room's not yet made": {[]said{{voice: 4, seq: 1}}, tally{disorder: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			r := listening(t, webSocket)
			for _, s := range c.say {
				r.hear(s)
			}
			got := r.load.tally
			got.latency = histogram{}
			require.Equal(t, c.tally, got)
		})
	}
}

func TestSettlingNotices(t *testing.T) {
	r := listening(t, webSocket)
	l := r.load
	l.stop = t.Context()
	l.tally.closed = 1 // so that nothing is waited for
	for _, v := range r.room.voices {
		v.seq = 3
	}
	r.hear(said{voice: 2, seq: 1})
	l.settle()
	require.EqualValues(t, 5, l.tally.lost, "two of one voice, three of the other")
	l.settle()
	require.EqualValues(t, 5, l.tally.lost, "counted once")
}

func TestReadersOfOneRoomAreCompared(t *testing.T) {
	r := listening(t, webSocket)
	l := r.load
	l.stop = t.Context()
	other := &reader{load: l, room: r.room, heard: make([]uint32, 2)}
	r.room.readers = append(r.room.readers, other)
	a, b := said{voice: 2, seq: 1}, said{voice: 3, seq: 1}
	for _, v := range r.room.voices {
		v.seq = 1
	}
	for _, s := range []said{a, b} {
		r.hear(s)
	}
	for _, s := range []said{b, a} {
		other.hear(s)
	}
	require.Zero(t, l.tally.disorder)
	l.settle()
	require.EqualValues(t, 1, l.tally.disorder)
}

// The first message may be what a server learns of a reader by: who had it is not asked once
// measuring has begun.
func TestWhatCameBeforeIsForgotten(t *testing.T) {
	r := listening(t, webSocket)
	l := r.load
	l.stop = t.Context()
	late := &reader{load: l, room: r.room, heard: make([]uint32, 2)}
	l.readers = append(l.readers, late)
	r.room.readers = l.readers
	both := func(seq uint32) {
		r.room.voices[0].seq = seq
		r.hear(said{voice: 2, seq: seq})
		late.hear(said{voice: 2, seq: seq})
	}
	r.hear(said{voice: 2, seq: 1})
	both(2)
	require.NotEmpty(t, l.failures)
	l.begin()
	both(3)
	l.settle()
	require.Empty(t, l.failures)
	require.False(t, l.tally.faulty())
}

// Streams may be cut anywhere.
func TestCutStreams(t *testing.T) {
	var frames, blocks []byte
	for seq := range uint32(5) {
		text := appendText(nil, said{voice: 2, seq: seq + 1})
		frames = append(append(frames, 0x89, 0), frame(text)...)
		blocks = append(append(blocks, ": comment ~#\n\n"...), block(text)...)
	}
	for via, stream := range map[transport][]byte{webSocket: frames, eventStream: blocks} {
		for _, size := range []int{1, 2, 3, 7, 64, 129, 1000, len(stream)} {
			t.Run(fmt.Sprint(via, size), func(t *testing.T) {
				r := listening(t, via)
				r.load.epoll, r.fd = -1, devNull(t)
				for rest := stream; len(rest) > 0; {
					n := min(size, len(rest))
					b := append(append([]byte{}, r.kept...), rest[:n]...)
					rest = rest[n:]
					var err error
					if via == webSocket {
						b, err = r.frames(b)
					} else {
						b, err = r.lines(b)
					}
					require.NoError(t, err)
					r.kept = b
				}
				require.EqualValues(t, 5, r.load.tally.delivered)
				require.False(t, r.load.tally.faulty())
			})
		}
	}
}

func TestQuantiles(t *testing.T) {
	var h histogram
	for i := range 1000 {
		h.add(int64(i+1) * int64(time.Millisecond))
	}
	require.InEpsilon(t, 500*time.Millisecond, h.quantile(0.5), 0.07)
	require.InEpsilon(t, 990*time.Millisecond, h.quantile(0.99), 0.07)
	for _, ns := range []int64{0, 1, 15, 16, 17, 31, 32, 33, 1 << 40} {
		one := histogram{}
		one.add(ns)
		require.GreaterOrEqual(t, int64(one.quantile(0.5)), ns)
		require.LessOrEqual(t, float64(one.quantile(0.5)), float64(ns)*1.07)
	}
}

func TestSpread(t *testing.T) {
	require.Equal(t, "–", spread(nil, 1))
	require.Equal(t, "1,234,567.5", spread([]float64{1234567.5}, 1))
	require.Equal(t, "2 (1 to 30)", spread([]float64{30, 1, 2}, 0))
	base := &row{runs: []measured{{2}, {4}}}
	require.Equal(t, []float64{2, 0.5}, (&row{base: base, runs: []measured{{4}, {2}}}).ratios(0))
}

// devNull takes what a reader answers.
func devNull(t *testing.T) int {
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() }) // nothing depends on it
	return int(f.Fd())
}
