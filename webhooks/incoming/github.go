package incoming

import "strings"

// maxCommits is how many commits of a push are told, one a line.
const maxCommits = 5

// github is what a delivery of GitHub says; empty for what says nothing to people.
func github(event string, d object) string {
	where := d.in("repository").name("full_name")
	if where == "" {
		where = firstOf(d.in("organization").name("login"), "GitHub")
	}
	g := delivery{d, firstOf(d.in("sender").name("login"), "somebody"), where, d.name("action")}
	switch event {
	case "ping":
		return joined([]string{"GitHub will tell of " + where + " here", d.title("zen")}, ": ")
	case "push":
		return g.push()
	case "pull_request":
		return g.pullRequest()
	case "pull_request_review":
		return g.review()
	case "pull_request_review_comment":
		return g.comment("pull request", d.in("pull_request"))
	case "issues":
		return g.about("issue", d.in("issue"), "opened", "closed", "reopened", "transferred", "deleted", "pinned", "locked")
	case "issue_comment":
		issue := d.in("issue")
		if issue.has("pull_request") {
			return g.comment("pull request", issue)
		}
		return g.comment("issue", issue)
	case "discussion":
		return g.about("discussion", d.in("discussion"), "created", "closed", "reopened", "answered")
	case "discussion_comment":
		return g.comment("discussion", d.in("discussion"))
	case "commit_comment":
		return g.comment("commit", object{})
	case "workflow_run":
		return g.workflowRun()
	case "deployment_status":
		return g.deployment()
	case "release":
		return g.release()
	}
	return g.small(event)
}

// delivery is one of GitHub: who did what where.
type delivery struct {
	object
	who, where, action string
}

// branch is a reference's name as people know it.
func branch(ref string) (kind, name string) {
	if tag, is := strings.CutPrefix(ref, "refs/tags/"); is {
		return "tag", line(tag, maxName)
	}
	return "branch", line(strings.TrimPrefix(ref, "refs/heads/"), maxName)
}

func (g delivery) push() string {
	kind, name := branch(g.raw("ref"))
	commits, count := g.list("commits", maxCommits)
	at := kind + " " + name + " of " + g.where
	switch {
	case g.flag("deleted"):
		return g.who + " deleted " + at
	case count == 0 && g.flag("created"):
		return joined([]string{g.who + " created " + at, g.link("compare")}, "\n")
	case count == 0 && !g.flag("forced"):
		return ""
	}
	pushed := " pushed "
	if g.flag("forced") {
		pushed = " force-pushed "
	}
	lines := []string{joined([]string{g.who + pushed + counted(count, "commit", "commits") + " to " + at, g.link("compare")}, ": ")}
	for _, c := range commits {
		id := line(c.raw("id"), maxName)
		lines = append(lines, "- "+joined([]string{cutID(id), firstLine(c.raw("message"), maxTitle), by(c.in("author").name("name"))}, " "))
	}
	if more := count - len(commits); more > 0 {
		lines = append(lines, "… and "+counted(more, "more", "more"))
	}
	return joined(lines, "\n")
}

// cutID is a commit's short name.
func cutID(id string) string {
	short := []rune(id)
	return string(short[:min(len(short), 7)])
}

func by(name string) string {
	if name == "" {
		return ""
	}
	return "(" + name + ")"
}

func (g delivery) pullRequest() string {
	pull := g.in("pull_request")
	if g.action == "closed" && pull.flag("merged") {
		return g.said("merged", "pull request", pull)
	}
	words := map[string]string{"ready_for_review": "marked ready for review", "converted_to_draft": "made a draft of"}
	if word := words[g.action]; word != "" {
		return g.said(word, "pull request", pull)
	}
	return g.about("pull request", pull, "opened", "closed", "reopened")
}

// about says that something was done to a thing, when it is one of the actions that people care for.
func (g delivery) about(kind string, of object, actions ...string) string {
	for _, action := range actions {
		if g.action == action {
			return g.said(action, kind, of)
		}
	}
	return ""
}

func (g delivery) said(did, kind string, of object) string {
	text := g.who + " " + did + " " + kind
	if n := of.number("number"); n > 0 {
		text += " #" + number(n)
	}
	text += " in " + g.where
	return joined([]string{joined([]string{text, of.title("title")}, ": "), of.link("html_url")}, "\n")
}

func (g delivery) review() string {
	review := g.in("review")
	if g.action != "submitted" {
		return ""
	}
	did := map[string]string{"approved": "approved", "changes_requested": "asked for changes of"}[strings.ToLower(review.raw("state"))]
	if did == "" {
		if review.raw("body") == "" { // its comments are told by themselves
			return ""
		}
		did = "reviewed"
	}
	text := g.said(did, "pull request", g.in("pull_request"))
	return joined([]string{text, quoted(review.raw("body"))}, "\n")
}

func (g delivery) comment(kind string, of object) string {
	if g.action != "created" {
		return ""
	}
	c := g.in("comment")
	about := object{"number": of["number"], "title": of["title"], "html_url": firstOf(c.raw("html_url"), of.raw("html_url"))}
	return joined([]string{g.said("commented on", kind, about), quoted(c.raw("body"))}, "\n")
}

func quoted(text string) string {
	if text = line(text, maxPart); text != "" {
		return "> " + text
	}
	return ""
}

func (g delivery) workflowRun() string {
	run := g.in("workflow_run")
	if g.action != "completed" {
		return ""
	}
	outcome := map[string]string{
		"success": "succeeded", "failure": "failed", "timed_out": "timed out", "cancelled": "was cancelled",
		"startup_failure": "failed to start", "action_required": "waits for somebody",
	}[run.raw("conclusion")]
	if outcome == "" { // neutral, skipped, stale
		return ""
	}
	text := firstOf(run.name("name"), "a workflow") + " " + outcome + " on " + firstOf(run.name("head_branch"), "a branch") + " of " + g.where
	return joined([]string{joined([]string{text, run.title("display_title")}, ": "), run.link("html_url")}, "\n")
}

func (g delivery) deployment() string {
	status := g.in("deployment_status")
	state := strings.ToLower(status.name("state"))
	if state != "success" && state != "failure" && state != "error" {
		return ""
	}
	to := firstOf(status.name("environment"), g.in("deployment").name("environment"), "its environment")
	return joined([]string{"deployment of " + g.where + " to " + to + ": " + state, firstOf(status.link("environment_url"), status.link("target_url"))}, "\n")
}

func (g delivery) release() string {
	release := g.in("release")
	if g.action != "published" {
		return ""
	}
	tag, name := release.name("tag_name"), release.title("name")
	if name == tag {
		name = ""
	}
	return joined([]string{joined([]string{g.who + " released " + tag + " of " + g.where, name}, ": "), release.link("html_url")}, "\n")
}
