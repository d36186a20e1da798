package browser

import (
	"bytes"
	"encoding/binary"
	"math"
)

// voice is two seconds of something that is taken for speech, as a WAV file of 16-bit samples: a
// tone with overtones, whose pitch goes up and down and which has syllables. A steady one is
// filtered out as noise.
func voice() []byte {
	const rate, seconds = 48_000, 2
	samples := make([]int16, rate*seconds)
	phase := 0.0
	for i := range samples {
		at := float64(i) / rate
		phase += 2 * math.Pi * (160 + 50*math.Sin(2*math.Pi*at)) / rate
		var sum float64
		for overtone := 1; overtone <= 12; overtone++ {
			sum += math.Sin(phase*float64(overtone)) / float64(overtone)
		}
		syllable := 0.25 + 0.75*math.Abs(math.Sin(2*math.Pi*2*at))
		samples[i] = int16(9_000 * sum * syllable)
	}
	size := uint32(2 * len(samples))
	var file bytes.Buffer
	for _, part := range []any{
		[]byte("RIFF"), 36 + size, []byte("WAVEfmt "), uint32(16),
		uint16(1), uint16(1), uint32(rate), uint32(2 * rate), uint16(2), uint16(16), // PCM, mono
		[]byte("data"), size, samples,
	} {
		_ = binary.Write(&file, binary.LittleEndian, part) // a buffer takes everything
	}
	return file.Bytes()
}
