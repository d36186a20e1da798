package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == baselineCommand {
		fmt.Fprintln(os.Stderr, runBaseline(os.Args[2]))
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "load:", err)
		}
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	runs    int
	quick   bool
	pin     bool
	readers int // of one room in fanout
	idle    int // connections in idle, poll and join
	rooms   int // among which idle connections are spread
	small   int // rooms of two readers in smallrooms
	window  time.Duration
	rest    time.Duration
	quiet   time.Duration
	only    string
	perf    string // directory for profiles
}

// bench is one run of the program.
type bench struct {
	settings
	machine
	ctx      context.Context // ends when the program is to stop
	subjects []subject
	out, log io.Writer
	faults   int // runs of Caller's or of the baseline in which something went wrong
}

// measurement is a table that can be asked for.
type measurement struct {
	name, what string
	measure    func(*bench) (*table, error)
}

// tables are what can be measured, in the order in which it is.
var tables = []measurement{
	{"fanout", "CPU for a delivery: one room", (*bench).fanout},
	{"amend", "CPU for a delivery of edits and reactions", (*bench).amend},
	{"rooms", "CPU for a delivery: many rooms, publishing included", (*bench).manyRooms},
	{"metrics", "CPU for a delivery with metrics and without", (*bench).counted},
	{"idle", "memory for an idle connection", (*bench).idleMemory},
	{"full", "a saturated core: deliveries and how late they are, and at half of that", (*bench).saturated},
	{"post", "CPU for a post", (*bench).posting},
	{"quiet", "CPU for rooms that nobody posts in", (*bench).quietRooms},
	{"smallrooms", "memory and CPU for very many rooms of two readers", (*bench).smallRooms},
	{"poll", "long polls: memory, and CPU for a message", (*bench).polling},
	{"join", "a member joining a room of very many", (*bench).joins},
	{"files", "a file up and down, beside nginx", (*bench).files},
}

// run is the whole program. It returns an error when something could not be measured, or when a
// reader of Caller's lost something.
func run(ctx context.Context, args []string, out, log io.Writer) (err error) {
	b := &bench{ctx: ctx, out: out, log: log}
	names, err := b.parse(args)
	if err != nil {
		return err
	}
	if err := b.prepare(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if b.caller == "" {
		if b.caller, err = build(b.dir); err != nil {
			return err
		}
	}
	b.introduce()
	var failed []error
	for _, t := range tables {
		if len(names) > 0 && !slices.Contains(names, t.name) {
			continue
		}
		began := time.Now()
		measured, err := t.measure(b)
		if measured != nil && len(measured.rows) > 0 {
			measured.print(out)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil: // the other tables may still be had
			failed = append(failed, fmt.Errorf("%s: %w", t.name, err))
		}
		fmt.Fprintf(log, "%s took %v\n", t.name, time.Since(began).Round(time.Second))
	}
	if b.faults > 0 {
		failed = append(failed, fmt.Errorf("something was lost, doubled or refused in %d runs, as the lines with an exclamation mark say", b.faults))
	}
	return errors.Join(failed...)
}

// parse reads the flags and which tables are wanted; none means all.
func (b *bench) parse(args []string) (names []string, err error) {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(b.log)
	flags.Usage = func() {
		fmt.Fprintln(b.log, "load [flags] [tables]: measures what a delivery, a connection and a post cost. Tables:")
		for _, t := range tables {
			fmt.Fprintf(b.log, "  %-10s %s\n", t.name, t.what)
		}
		fmt.Fprintln(b.log, "Flags, before or after the tables:")
		flags.PrintDefaults()
	}
	var callerArgs string
	flags.IntVar(&b.runs, "runs", 5, "how often each server is measured; medians are printed")
	flags.BoolVar(&b.quick, "quick", false, "small numbers and one run: to see that it works")
	flags.BoolVar(&b.pin, "pin", runtime.NumCPU() > 1, "run the servers on one core, load and Redis on another")
	flags.IntVar(&b.serverCore, "server-core", 0, "the servers' core")
	flags.IntVar(&b.loadCore, "load-core", 1, "the load's core, and Redis's")
	flags.StringVar(&b.caller, "caller", "", "the program to measure; it is built when this is empty")
	flags.StringVar(&b.before, "before", "", "an older build of it, to be measured beside it")
	flags.StringVar(&callerArgs, "caller-args", "", "more flags for it, between spaces")
	flags.StringVar(&b.only, "only", "", "servers to measure, between commas: baseline,caller,nchan")
	flags.StringVar(&b.perf, "perf", "", "a directory for profiles of the servers, taken with perf(1)")
	flags.DurationVar(&b.window, "window", 5*time.Second, "how long each run is measured")
	flags.DurationVar(&b.rest, "rest", 10*time.Second, "how long after the last connection memory is read")
	flags.DurationVar(&b.quiet, "quiet-time", 30*time.Second, "how long quiet rooms are measured")
	flags.IntVar(&b.readers, "readers", 1000, "readers of the one room")
	flags.IntVar(&b.idle, "connections", 10_000, "idle connections")
	flags.IntVar(&b.rooms, "rooms", 80, "rooms among which idle connections are spread")
	flags.IntVar(&b.small, "small-rooms", 9500, "rooms of two readers in smallrooms")
	for { // flags may stand behind tables too
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		args = flags.Args()
		if len(args) == 0 {
			break
		}
		names, args = append(names, args[0]), args[1:]
	}
	for _, name := range names {
		if !slices.ContainsFunc(tables, func(t measurement) bool { return t.name == name }) {
			return nil, fmt.Errorf("no table is called %q: -help lists them", name)
		}
	}
	b.callerArgs = strings.Fields(callerArgs)
	if b.quick {
		b.runs, b.window, b.rest, b.quiet = 1, 300*time.Millisecond, 100*time.Millisecond, 300*time.Millisecond
		b.readers, b.idle, b.rooms = 50, 200, 10
	}
	return names, nil
}

// prepare checks what the program needs and takes its place on the machine.
func (b *bench) prepare() (err error) {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	if need := uint64(max(b.idle, b.readers) + 1000); files.Max < need {
		return fmt.Errorf("a process may have %d files open: %d are needed, or -connections fewer", files.Max, need)
	}
	files.Cur = files.Max // what is started inherits it
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	if b.pin {
		err = pinSelf(b.loadCore)
	} else {
		b.serverCore, b.loadCore = anyCore, anyCore
	}
	if err != nil {
		return err
	}
	b.subjects = []subject{baselineSubject{}, callerSubject{}}
	nchan, err := findNchan()
	if err == nil {
		b.subjects = append(b.subjects, nchan)
	} else {
		fmt.Fprintf(b.out, "Nchan is not measured: %v.\n", err)
	}
	if b.before != "" {
		b.subjects = append(b.subjects, callerSubject{older: true})
	}
	if b.only != "" {
		b.subjects = slices.DeleteFunc(b.subjects, func(s subject) bool {
			return !slices.Contains(strings.Split(b.only, ","), s.name())
		})
	}
	b.dir, err = os.MkdirTemp("", "caller-load-")
	return err
}

// introduce says what is measured, and how.
func (b *bench) introduce() {
	where := "not pinned to cores"
	if b.pin {
		where = fmt.Sprintf("servers on core %d with GOMAXPROCS=1, load and Redis on core %d", b.serverCore, b.loadCore)
	}
	flags := strings.Join(b.callerArgs, " ")
	if flags == "" {
		flags = "none, all settings have their defaults"
	}
	fmt.Fprintf(b.out, "%d cores, %s; %s; median of %d runs (least to most); messages of %d bytes.\nCaller's flags besides "+
		"--addr and --redis-url: %s.\n", runtime.NumCPU(), runtime.Version(), where, b.runs, textLength, flags)
}
