// Package faults breaks what Caller stands on, while people read and post, and checks the promises
// on the record of all that they sent, were told and saw: nodes and Redis are killed, stopped and
// restarted, links are slow, cut and swallow, masters are lost.
//
// [TestChaos] does that in an order that its seed chooses, for as long as -duration says; with the
// same -seed it chooses the same again. The other tests are one fault each, or a load that is one:
// a failover, a slow reader, a storm.
//
// A test here is people (people_test.go), what they run on (package harness), what is done to it,
// and the judgement (package check). No judgement is passed by looking at the clock, but for how
// long something may take to recover.
package faults
