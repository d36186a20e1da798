package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is a program that was started, on the core it was meant for. It ends with this program at
// the latest.
type process struct {
	name   string
	cmd    *exec.Cmd
	output *output
	done   chan struct{} // closed when it has ended
}

// anyCore leaves a process where the scheduler puts it.
const anyCore = -1

// start starts a program on a core, without what this program's environment would change in it.
func start(name string, core int, env []string, program string, args ...string) (*process, error) {
	return startIn("", name, core, env, program, args...)
}

// startIn is start in another working directory than this program's.
func startIn(dir, name string, core int, env []string, program string, args ...string) (*process, error) {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	p := &process{name: name, cmd: cmd, output: &output{}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	cmd.WaitDelay = 2 * time.Second
	cmd.Env = append(plainEnvironment(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := onStarter(func() error { return startOn(core, cmd) }); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = cmd.Wait() // its output says why it ended
		close(p.done)
	}()
	return p, nil
}

// startOn starts cmd from this thread, whose core it inherits.
func startOn(core int, cmd *exec.Cmd) error {
	if core == anyCore {
		return cmd.Start()
	}
	var before, there unix.CPUSet
	there.Set(core)
	if err := errors.Join(unix.SchedGetaffinity(0, &before), unix.SchedSetaffinity(0, &there)); err != nil {
		return fmt.Errorf("pin to core %d: %w", core, err)
	}
	return errors.Join(cmd.Start(), unix.SchedSetaffinity(0, &before))
}

// onStarter runs start on the one thread that starts processes: Pdeathsig is bound to the thread,
// not to the program (golang/go#27505).
func onStarter(start func() error) error {
	result := make(chan error)
	starter() <- func() { result <- start() }
	return <-result
}

var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

func plainEnvironment() []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "CALLER_") && !strings.HasPrefix(name, "REDIS_") && !strings.HasPrefix(name, "GO") {
			env = append(env, entry)
		}
	}
	return env
}

// stop asks the process to end, and ends it when it does not.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // the only error is that it has ended
	select {
	case <-p.done:
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// await waits until ready, and says what the process wrote when it does not become so.
func (p *process) await(ready func() bool) error {
	deadline := time.Now().Add(patience)
	for !ready() {
		select {
		case <-p.done:
			return fmt.Errorf("%s has ended:\n%s", p.name, p.output)
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not answer:\n%s", p.name, p.output)
		}
		time.Sleep(5 * time.Millisecond) // between two looks
	}
	return nil
}

// cpu is how much processor time the processes have used, their threads that have ended included.
func cpu(pids []int) (time.Duration, error) {
	var all time.Duration
	for _, pid := range pids {
		const schedulerClock = 2 // clock_getcpuclockid(3): the clock of another process is ~pid and three bits
		var used unix.Timespec
		if err := unix.ClockGettime(int32(^pid<<3|schedulerClock), &used); err != nil {
			return 0, fmt.Errorf("processor time of %d: %w", pid, err)
		}
		all += time.Duration(used.Nano())
	}
	return all, nil
}

var (
	residentSize     = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)
	proportionalSize = regexp.MustCompile(`(?m)^Pss:\s+(\d+) kB`)
)

// memory is the processes' resident memory, and the same with what they share counted in parts, in
// bytes.
func memory(pids []int) (resident, proportional int, err error) {
	for _, pid := range pids {
		r, err := readSize(fmt.Sprintf("/proc/%d/status", pid), residentSize)
		if err != nil {
			return 0, 0, err
		}
		p, err := readSize(fmt.Sprintf("/proc/%d/smaps_rollup", pid), proportionalSize)
		if err != nil {
			return 0, 0, err
		}
		resident, proportional = resident+r, proportional+p
	}
	return resident, proportional, nil
}

func readSize(file string, size *regexp.Regexp) (int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	found := size.FindSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("%s has no size", file)
	}
	kb, err := strconv.Atoi(string(found[1]))
	return kb << 10, err
}

// children are the processes that a process has started.
func children(parent int) (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is right
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // ended meanwhile
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // state, parent, …
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// pinSelf moves all threads of this program to a core; those to come begin where their makers are.
func pinSelf(core int) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	var there unix.CPUSet
	there.Set(core)
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &there); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("pin the load to core %d: %w", core, err)
		}
	}
	return nil
}

// freePort is a TCP port on loopback that nobody listens on now.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// answers reports whether somebody accepts connections there.
func answers(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// output collects what a process writes. It can be read while that goes on.
type output struct {
	mu   sync.Mutex // guards data
	data bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if room := 64<<10 - o.data.Len(); room > 0 { // enough to see what was wrong
		o.data.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.String()
}
