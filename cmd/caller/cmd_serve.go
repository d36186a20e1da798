package main

// serveCommand is "caller serve", and caller without a command.
type serveCommand struct {
	settings
}

func (*serveCommand) examples() string {
	return `
# Keep the rooms in Redis, behind a proxy on this machine.
caller serve --addr 127.0.0.1:8080 --trusted-proxy 127.0.0.1 --redis-url redis://localhost:6379
# The same by variables.
CALLER_ADDR=127.0.0.1:8080 CALLER_TRUSTED_PROXY=127.0.0.1 REDIS_URL=redis://localhost:6379 caller`
}

// Run implements the command.
func (s *serveCommand) Run(i *invocation) error {
	c, err := i.config(&s.settings)
	if err != nil {
		return err
	}
	return serve(i.ctx, c, c.logger(i.stderr), i.stdout)
}
