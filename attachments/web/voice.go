package web

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/caller-chat/caller/chat"
)

// maxDuration is how long a voice note may say that it is, in seconds: a page records five minutes.
const maxDuration = 3600

// voiceOf reads what a sender says of a voice note: its length in seconds, and how loud it is, as
// numbers between commas, in brackets or not. The error is a [*chat.InvalidError].
func voiceOf(duration, wave string) (seconds float64, loud chat.Wave, err error) {
	if duration != "" {
		seconds, err = strconv.ParseFloat(duration, 64)
		if err != nil || !(seconds >= 0 && seconds <= maxDuration) { // NaN is none of it
			return 0, nil, &chat.InvalidError{
				Field: "duration", Limit: maxDuration, Reason: fmt.Sprintf("is no number of seconds up to %d", maxDuration),
			}
		}
	}
	if wave != "" {
		if !strings.HasPrefix(wave, "[") {
			wave = "[" + wave + "]"
		}
		if json.Unmarshal([]byte(wave), &loud) != nil {
			return 0, nil, &chat.InvalidError{
				Field: "wave", Limit: chat.MaxWave, Reason: fmt.Sprintf("is not up to %d numbers from 0 to %d", chat.MaxWave, chat.MaxLoud),
			}
		}
	}
	return seconds, loud, nil
}
