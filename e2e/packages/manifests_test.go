package packages

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestKubernetes has the files read as strictly as Kubernetes reads them, and shows that a wrong one
// is noticed.
func TestKubernetes(t *testing.T) {
	needed(t)
	folder := filepath.Join(top(), "deploy", "kubernetes")
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	require.NoError(t, err)
	files = slices.DeleteFunc(files, func(file string) bool { return filepath.Base(file) == "kustomization.yaml" }) // of another program
	told := command(t, tools.check, append([]string{"kubernetes"}, files...)...)
	for _, kind := range []string{"Deployment", "Service", "PodDisruptionBudget", "Ingress", "StatefulSet", "HorizontalPodAutoscaler", "ServiceMonitor", "Secret"} {
		assert.Contains(t, told, " "+kind+"\n")
	}
	right, err := os.ReadFile(filepath.Join(folder, "caller.yaml"))
	require.NoError(t, err)
	for _, change := range [][2]string{
		{"replicas: 2", "replica: 2"},                                               // no such field
		{"replicas: 2", `replicas: "2"`},                                            // of another type
		{"path: /readyz", "path: /healthz"},                                         // a probe that asks the wrong thing
		{"terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 10"},  // too short
		{"allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"},       // open
		{"maxUnavailable: 0", "maxUnavailable: 1"},                                  // a node goes before another has come
		{"kind: PodDisruptionBudget", "kind: PodDisruption"},                        // no such kind
		{"livenessProbe:", "livenessProbe: {}\n          livenessProbe:"},           // twice
		{"preStop: { sleep: { seconds: 5 } }", "preStop: { sleep: { second: 5 } }"}, // deep inside
	} {
		wrong := filepath.Join(t.TempDir(), "wrong.yaml")
		require.Contains(t, string(right), change[0])
		require.NoError(t, os.WriteFile(wrong, []byte(strings.Replace(string(right), change[0], change[1], 1)), 0o600))
		output, err := exec.Command(tools.check, "kubernetes", wrong).CombinedOutput()
		assert.Error(t, err, "%s: %s", change[1], output)
	}

	// A pod whose secret is not there waits for it for ever.
	example, err := os.ReadFile(filepath.Join(folder, "secret.example.yaml"))
	require.NoError(t, err)
	incomplete := filepath.Join(t.TempDir(), "secret.yaml")
	for _, name := range []string{"caller/session-key", "caller/admin-token", "redis/password"} {
		_, key, _ := strings.Cut(name, "/")
		without := regexp.MustCompile(`(?m)^  `+key+`:`).ReplaceAll(example, []byte("  another:"))
		require.NoError(t, os.WriteFile(incomplete, without, 0o600))
		output, err := exec.Command(tools.check, "kubernetes", filepath.Join(folder, "caller.yaml"), filepath.Join(folder, "redis.yaml"), incomplete).CombinedOutput()
		assert.Error(t, err, name)
		assert.Contains(t, string(output), "no secret has "+name)
	}

	// kubectl apply -k: all that it names is there.
	kustomization, err := os.ReadFile(filepath.Join(folder, "kustomization.yaml"))
	require.NoError(t, err)
	named := regexp.MustCompile(`(?m)^  - (\S+\.yaml)$`).FindAllStringSubmatch(string(kustomization), -1)
	require.NotEmpty(t, named)
	for _, match := range named {
		assert.FileExists(t, filepath.Join(folder, match[1]))
	}
}

// service is one of a Compose project, with its variables filled in.
type composed struct {
	Command, Entrypoint []string
	Environment         map[string]string
	Healthcheck         struct{ Test []string }
	StopGracePeriod     string `json:"stop_grace_period"`
}

// TestCompose reads the project as docker compose does, and runs what its services run by hand: the
// same commands with the same settings, at other addresses.
func TestCompose(t *testing.T) {
	r := theRelease(t)
	folder := filepath.Join(top(), "deploy", "compose")
	example, err := os.ReadFile(filepath.Join(folder, "example.env"))
	require.NoError(t, err)
	output, err := exec.Command(tools.check, "compose", filepath.Join(folder, "compose.yaml"), filepath.Join(folder, "example.env")).CombinedOutput()
	require.Error(t, err, "secrets that nobody has chosen: %s", output)
	for _, name := range []string{"REDIS_PASSWORD", "S3_SECRET", "LIVEKIT_SECRET"} {
		assert.Contains(t, string(output), name)
		example = []byte(strings.Replace(string(example), name+"=\n", name+"=0123456789abcdef0123456789abcdef0123456789abcdef\n", 1))
	}
	filled := filepath.Join(t.TempDir(), "filled.env")
	require.NoError(t, os.WriteFile(filled, example, 0o600))
	var project struct{ Services map[string]composed }
	require.NoError(t, json.Unmarshal([]byte(command(t, tools.check, "compose", filepath.Join(folder, "compose.yaml"), filled)), &project))
	redis, s3, livekit, caller := project.Services["redis"], project.Services["s3"], project.Services["livekit"], project.Services["caller"]
	assert.Equal(t, "15s", caller.StopGracePeriod)

	dir := t.TempDir()
	// start runs a service, at other addresses and in another folder.
	start := func(name string, s composed, move *strings.Replacer, args ...string) *harness.Process {
		t.Helper()
		for i := range args {
			args[i] = move.Replace(args[i])
		}
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH")}
		for variable, value := range s.Environment {
			cmd.Env = append(cmd.Env, variable+"="+move.Replace(value))
		}
		return harness.StartProcess(t, name, cmd)
	}
	// healthy waits for what a service's own check says.
	healthy := func(name string, s composed, move *strings.Replacer) {
		t.Helper()
		require.Equal(t, "CMD", s.Healthcheck.Test[0], name)
		harness.Eventually(t, name+" to be well", func() bool {
			args := slices.Clone(s.Healthcheck.Test[1:])
			for i := range args {
				args[i] = move.Replace(args[i])
			}
			cmd := exec.Command(args[0], args[1:]...)
			cmd.Env = append(os.Environ(), "REDISCLI_AUTH="+s.Environment["REDISCLI_AUTH"])
			return cmd.Run() == nil
		})
	}
	port := func() string { return fmt.Sprint(harness.FreePort(t)) }

	redisPort, s3Port, livekitPort, addr := port(), port(), port(), "127.0.0.1:"+port()
	as := strings.NewReplacer()
	start("redis", redis, as, append(slices.Clone(redis.Command), "--port", redisPort, "--bind", "127.0.0.1", "--dir", dir)...)
	toRedis := redis
	toRedis.Healthcheck.Test = append(slices.Clone(redis.Healthcheck.Test[:2]), append([]string{"-p", redisPort}, redis.Healthcheck.Test[2:]...)...)
	healthy("redis", toRedis, as)

	gateway, err := harness.BuildS3(runDir)
	require.NoError(t, err)
	as = strings.NewReplacer("/data/", dir+"/", "versitygw ", gateway+" ", ":7070", "127.0.0.1:"+s3Port)
	start("s3", s3, as, append(slices.Clone(s3.Entrypoint), s3.Command...)...)
	harness.Eventually(t, "the S3 to answer its check", func() bool {
		check := s3.Healthcheck.Test[len(s3.Healthcheck.Test)-1]
		return harness.Status(strings.Replace(check, "localhost:7070", "127.0.0.1:"+s3Port, 1)) == http.StatusOK
	})

	server, err := harness.BuildLiveKit(runDir)
	require.NoError(t, err)
	start("livekit", livekit, strings.NewReplacer("port: 7880", "port: "+livekitPort+"\nbind_addresses: [127.0.0.1]",
		"7881", port(), "7882", port(), "caller:8080", addr), server)
	harness.Eventually(t, "LiveKit to answer", func() bool { return harness.Status("http://127.0.0.1:"+livekitPort) == http.StatusOK })

	program := r.file(t, "caller-*-linux-%s")
	as = strings.NewReplacer("redis:6379", "127.0.0.1:"+redisPort, "s3:7070", "127.0.0.1:"+s3Port, "livekit:7880", "127.0.0.1:"+livekitPort,
		"/data", dir, "/usr/bin/caller", program, "localhost:8080", addr)
	node := start("caller", caller, as, program, "serve", "--addr", addr)
	healthy("caller", caller, as)
	url := "http://" + addr + "/rooms/lobby"
	client.Curl(t, "--data-binary", "a file", "--header", "Content-Type: text/plain", url+"/files?text=look&filename=a.txt")
	assert.Contains(t, client.Curl(t, url), "a.txt")
	objects, err := filepath.Glob(filepath.Join(dir, "objects/files/*"))
	require.NoError(t, err)
	assert.NotEmpty(t, objects, "the file is in the bucket")
	assert.NotContains(t, node.Output.String(), "level=ERROR")
	assert.Contains(t, client.Curl(t, "--head", "--header", "Accept: text/html", "http://"+addr+"/"), "ws://localhost:7880", "the page may reach LiveKit")
}
