package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
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
