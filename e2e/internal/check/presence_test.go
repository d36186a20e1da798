package check_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// away is a record in which Ben is not connected for so many seconds from the tenth on, and Ann and
// Carol are told some seconds after the tenth that he has left; a reader that is told at 0 is not.
func away(seconds, toldAnn, toldCarol int) check.Room {
	r := check.Room{Readings: []check.Reading{
		{Who: "Ann", ID: "ann", Events: []client.Event{{Type: "welcome", At: at(0)}}},
		{Who: "Ben", ID: "ben", Events: []client.Event{
			{Type: "welcome", At: at(0)}, {Type: client.TypeNote, At: at(10)},
			{Type: client.TypeOpen, At: at(10)}, {Type: "welcome", At: at(10 + seconds)},
		}},
		{Who: "Carol", ID: "carol", Events: []client.Event{{Type: "welcome", At: at(0)}}},
	}}
	left := client.Event{Type: "left", Member: client.Member{Author: client.Author{ID: "ben", Name: "Ben"}}, Version: 7}
	for i, told := range map[int]int{0: toldAnn, 2: toldCarol} {
		if told != 0 {
			left.At = at(10 + told)
			r.Readings[i].Events = append(r.Readings[i].Events, left)
		}
	}
	return r
}

func TestDepartures(t *testing.T) {
	tests := []struct {
		name  string
		room  check.Room
		plant func(r *check.Room)
		want  []string
	}{
		{"back in time, and nobody is told", away(5, 0, 0), nil, nil},
		{"away for long", away(12, 10, 11), nil, nil},
		{"said to have left while away for less than the grace time", away(5, 4, 0), nil, []string{"left"}},
		{"said to have left long after", away(12, 15, 0), nil, []string{"left"}},
		{"told in time to one, late to another whose node stood still", away(12, 10, 20), nil, nil},
		{"told late under another version", away(12, 10, 20), func(r *check.Room) {
			r.Readings[2].Events[1].Version = 8
		}, []string{"left"}},
		{"came to nodes that could not take him in", away(12, 10, 0), func(r *check.Room) {
			ben := &r.Readings[1]
			ben.Events = append(ben.Events[:3:3], client.Event{Type: "error", At: at(15)}, client.Event{Type: client.TypeEnd, At: at(15)},
				client.Event{Type: client.TypeOpen, At: at(15)}, ben.Events[3])
		}, nil},
		{"came to a node that was without its store for too long", away(3, 10, 0), func(r *check.Room) {
			r.Outages = []check.Outage{{From: at(9), To: at(19)}}
		}, nil},
		{"came to a node that was without its store for a moment", away(3, 7, 0), func(r *check.Room) {
			r.Outages = []check.Outage{{From: at(9), To: at(14)}}
		}, []string{"left"}},
		{"came back before an outage", away(3, 10, 0), func(r *check.Room) {
			r.Outages = []check.Outage{{From: at(15), To: at(30)}}
		}, []string{"left"}},
		{"the store lost everything", away(3, 10, 0), func(r *check.Room) {
			r.Losses = []check.Loss{{At: at(12), Recovered: at(13)}}
		}, nil},
		{"the machine was too busy to tell", away(9, 9, 0), func(r *check.Room) {
			r.Late = 200 * time.Millisecond
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.plant != nil {
				test.plant(&test.room)
			}
			faults := check.Departures(test.room)
			assert.Equal(t, append([]string{}, test.want...), kinds(faults), "%v", faults)
		})
	}
}

func TestStays(t *testing.T) {
	chosen := func(r *check.Room) { r.Readings[1].Events[1].Detail = client.OnPurpose }
	tests := []struct {
		name  string
		room  check.Room
		plant func(r *check.Room)
		want  []string
	}{
		{"cut off, and nobody is told", away(12, 0, 0), nil, nil},
		{"cut off for longer than the grace time", away(12, 11, 0), nil, []string{"left"}},
		{"went by choice, for longer", away(12, 11, 0), chosen, nil},
		{"went by choice, and came back in time", away(5, 4, 0), chosen, []string{"left"}},
		{"went by choice, and was cut off later", away(12, 40, 0), func(r *check.Room) {
			chosen(r)
			ben := &r.Readings[1]
			ben.Events = append(ben.Events, client.Event{Type: client.TypeEnd, At: at(30)}, client.Event{Type: "welcome", At: at(45)})
			r.Readings[0].Events[1].At = at(41)
			ben.Events[1].Detail = ""
		}, []string{"left"}},
		{"cut off on a machine that stood still", away(12, 11, 0), func(r *check.Room) { r.Late = time.Second }, nil},
		{"banned", away(12, 2, 0), func(r *check.Room) {
			r.Restraints = []check.Restraint{{What: "banned", Whom: "ben", From: at(9)}}
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.plant != nil {
				test.plant(&test.room)
			}
			var kinds []string
			for _, fault := range check.Stays(test.room) {
				kinds = append(kinds, fault.Kind)
			}
			assert.Equal(t, test.want, kinds)
		})
	}
}
