package incoming

import "strconv"

func number(n int) string { return strconv.Itoa(n) }

// small are the events of GitHub that are told in one line.
func (g delivery) small(event string) string {
	at := g.in("repository").link("html_url")
	done := g.action == "created"
	switch event {
	case "star":
		if stars := g.in("repository").number("stargazers_count"); done && stars > 0 {
			return g.who + " gave " + g.where + " its star number " + number(stars)
		} else if done {
			return g.who + " gave " + g.where + " a star"
		}
	case "fork":
		return joined([]string{g.who + " forked " + g.where, g.in("forkee").link("html_url")}, "\n")
	case "repository":
		return joined([]string{g.who + " " + g.action + " repository " + g.where, at}, "\n")
	case "public":
		return joined([]string{g.who + " made " + g.where + " public", at}, "\n")
	case "member":
		return joined([]string{g.who, g.action, g.in("member").name("login"), "in", g.where}, " ")
	case "gollum":
		pages, count := g.list("pages", 1)
		if len(pages) > 0 {
			return joined([]string{g.who + " changed " + counted(count, "page", "pages") + " of the wiki of " + g.where + ": " + pages[0].title("title"),
				pages[0].link("html_url")}, "\n")
		}
	case "dependabot_alert":
		alert := g.in("alert")
		if done {
			return joined([]string{"new security alert in " + g.where + ": " + alert.in("security_advisory").title("summary"), alert.link("html_url")}, "\n")
		}
	}
	return ""
}
