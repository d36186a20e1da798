package main

import "github.com/alecthomas/kong"

// commands are what the program can do: one grammar, from which come the help, the completions and
// the man page. Each command stands in a file of its own, cmd_NAME.go, with the method Run.
type commands struct {
	Serve serveCommand `cmd:"" default:"withargs" help:"Serve the chat. caller without a command does the same."`

	Export exportCommand `cmd:"" help:"Write rooms, with their files, into an archive."`
	Import importCommand `cmd:"" help:"Put rooms back from an archive."`

	Files filesCommands `cmd:"" help:"Look after the files that people have sent."`

	Post    postCommand    `cmd:"" help:"Say something in a room, or post what comes in line by line."`
	Tail    tailCommand    `cmd:"" help:"Read what has been said in a room, and follow it."`
	Rooms   roomsCommand   `cmd:"" help:"List the rooms in which you have been."`
	Members membersCommand `cmd:"" help:"List who is in a room."`

	Ready      readyCommand      `cmd:"" help:"Ask a node whether it can serve: what checks in containers call."`
	Verify     verifyCommand     `cmd:"" help:"Check whether a Caller keeps what the protocol promises."`
	Completion completionCommand `cmd:"" help:"Print the completions of a shell: bash, zsh or fish."`
	Complete   completeCommand   `cmd:"" hidden:"" help:"Say how a command line may go on."`
	Man        manCommand        `cmd:"" help:"Print this program's manual, for man -l."`

	Doctor doctorCommand `cmd:"" help:"Look for what is wrong: settings, Redis, what is in front, LiveKit, the bucket."`
	Admin  adminCommands `cmd:"" help:"Look after a server by its admin listener."`

	Version versionCommand `cmd:"" help:"Print the version, and of which commit it is."`

	PrintVersion kong.VersionFlag `name:"version" group:"Of the program:" help:"Print the version."`
}

const description = `A rooms chat that works on any network: over WebSocket, event streams or long polling, and with curl.

A setting is a flag, an environment variable, or a line of the file .env in the working directory. The first of these that is set is used.`
