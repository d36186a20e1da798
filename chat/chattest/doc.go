// Package chattest is for tests: a store in memory ([Store]), and the suite that every store has to
// pass ([TestStore]).
//
// The store holds to chat.Log, chat.Feed and chat.Roster, for as many rooms and nodes as a test
// wants, by the clock that the test has (testing/synctest). It can be made to fail: to be away or
// slow, to lose or delay its feed, and to lose or rewrite its log. Nothing but tests imports this
// package.
package chattest
