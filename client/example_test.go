package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/internal/servertest"
)

// begin is a server of the example's own, and what it all has to be done in.
func begin() (url string, ctx context.Context, end func()) {
	server, err := servertest.Start(servertest.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	return server.URL, ctx, func() {
		cancel()
		_ = server.Close()
	}
}

// A program says something, as a guest with a name.
func Example() {
	url, ctx, end := begin()
	defer end()

	c, err := client.New(url, client.Options{Name: "build"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	room := c.Room("lobby")
	if _, err := room.Post(ctx, client.Draft{Text: "all tests pass"}); err != nil {
		log.Fatal(err)
	}
	page, err := room.History(ctx, client.Span{})
	if err != nil {
		log.Fatal(err)
	}
	for _, entry := range page.Entries {
		fmt.Printf("%s: %s\n", entry.From.Name, entry.Text)
	}
	// Output: build: all tests pass
}

// A reader gets what is kept and then what comes, each entry once, whatever becomes of connections.
func ExampleRoom_Entries() {
	url, ctx, end := begin()
	defer end()

	c, err := client.New(url, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if _, err := c.SignIn(ctx, "Ann"); err != nil {
		log.Fatal(err)
	}
	room := c.Room("kitchen")
	if _, err := room.Post(ctx, client.Draft{Text: "tea?"}); err != nil {
		log.Fatal(err)
	}
	for entry, err := range room.Entries(ctx, client.From{}) {
		if err != nil {
			log.Fatal(err)
		}
		switch entry.Kind {
		case client.Message:
			fmt.Printf("%s says %q\n", entry.From.Name, entry.Text)
			if entry.Text == "tea?" {
				if _, err := room.Post(ctx, client.Draft{Text: "yes", ReplyTo: entry.ID}); err != nil {
					log.Fatal(err)
				}
				continue
			}
			fmt.Printf("in answer to %q\n", entry.ReplyTo.Excerpt)
			return
		case client.Reset:
			fmt.Println("some of it is lost")
		}
	}
	// Output:
	// Ann says "tea?"
	// Ann says "yes"
	// in answer to "tea?"
}

// What the server refuses says why.
func ExampleProblem() {
	url, ctx, end := begin()
	defer end()

	c, err := client.New(url, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	_, err = c.Room("lobby").Post(ctx, client.Draft{})
	var problem *client.Problem
	if errors.As(err, &problem) {
		fmt.Println(problem.Status, problem.Code, problem.Field)
	}
	fmt.Println(errors.Is(err, &client.Problem{Code: "banned"}))
	// Output:
	// 422 invalid_field text
	// false
}

// Everything that a room's stream tells, and over what.
func ExampleRoom_Events() {
	url, ctx, end := begin()
	defer end()

	c, err := client.New(url, client.Options{Name: "Ann", Transport: client.SSE})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	for event, err := range c.Room("kitchen").Events(ctx, client.From{New: true}) {
		if err != nil {
			log.Fatal(err)
		}
		switch event.Type {
		case client.EventTransport:
			fmt.Println("over", event.Transport)
		case client.EventWelcome:
			fmt.Println("welcome,", event.You.Name)
			for _, member := range event.Roster.Members {
				fmt.Println("here:", member.Name)
			}
		case client.EventLive:
			return
		}
	}
	// Output:
	// over sse
	// welcome, Ann
	// here: Ann
}

// A file is sent, named by a message, and read again.
func ExampleRoom_Upload() {
	url, ctx, end := begin()
	defer end()

	c, err := client.New(url, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if _, err := c.SignIn(ctx, "Ann"); err != nil {
		log.Fatal(err)
	}
	room := c.Room("kitchen")
	file, err := room.Upload(ctx, "list.txt", strings.NewReader("milk, bread"))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := room.Post(ctx, client.Draft{Text: "what we need", Files: []string{file.ID}}); err != nil {
		log.Fatal(err)
	}
	page, err := room.History(ctx, client.Span{Limit: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range page.Entries[0].Files {
		fmt.Println(file.Name, file.Type, file.Size)
		if err := c.Download(ctx, file, os.Stdout); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// list.txt text/plain 11
	// milk, bread
}

// A room of one's own, with a password.
func ExampleClient_NewRoom() {
	url, ctx, end := begin()
	defer end()

	ann, err := client.New(url, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer ann.Close()
	if _, err := ann.SignIn(ctx, "Ann"); err != nil {
		log.Fatal(err)
	}
	room, _, err := ann.NewRoom(ctx, "Tea")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := room.ChangeRules(ctx, 0, map[string]any{"password": "at four"}); err != nil {
		log.Fatal(err)
	}

	bob, err := client.New(url, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer bob.Close()
	if _, err := bob.SignIn(ctx, "Bob"); err != nil {
		log.Fatal(err)
	}
	theirs := bob.Room(room.ID())
	_, err = theirs.Post(ctx, client.Draft{Text: "hello"})
	fmt.Println(errors.Is(err, &client.Problem{Code: "password_required"}))
	rules, err := theirs.Enter(ctx, client.Key{Password: "at four"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rules.Settings.Title)
	// Output:
	// true
	// Tea
}
