package incoming

import (
	"maps"
	"slices"
	"strings"
)

// What is said of alerts.
const (
	maxAlerts = 10
	maxLabels = 6
)

// isAlerts reports whether a document is a notification of Alertmanager, or of Grafana, which took
// the shape over.
func isAlerts(doc object) bool {
	_, listed := doc["alerts"].([]any)
	return listed && (doc.raw("version") != "" || doc.has("orgId") || doc.has("status") || doc.has("state"))
}

// alerts is what a notification says: what is the matter, and each alert on a line.
func alerts(doc object) string {
	all, count := doc.list("alerts", maxAlerts)
	common := doc.in("commonLabels")
	name := firstOf(common.name("alertname"), doc.in("groupLabels").name("alertname"))
	if name == "" && len(all) == 1 {
		name = all[0].in("labels").name("alertname")
	}
	head := "[" + firstOf(strings.ToUpper(doc.name("status")), strings.ToUpper(doc.name("state")), "ALERT")
	if count > 1 {
		head += " " + counted(count, "alert", "alerts")
	}
	head += "] " + firstOf(name, doc.title("title"), "alerts")
	if severity := common.name("severity"); severity != "" {
		head += " (" + severity + ")"
	}
	lines := []string{head}
	for _, a := range all {
		lines = append(lines, "- "+alert(a, name))
	}
	if more := count - len(all) + doc.number("truncatedAlerts"); more > 0 {
		lines = append(lines, "… and "+counted(more, "more", "more"))
	}
	if len(all) != 1 || alertLink(all[0]) == "" {
		lines = append(lines, doc.link("externalURL"))
	}
	return joined(lines, "\n")
}

// alert is one of them on a line; its name is known.
func alert(a object, name string) string {
	labels, notes := a.in("labels"), a.in("annotations")
	said := firstOf(notes.title("summary"), line(notes.raw("description"), maxPart), line(notes.raw("message"), maxPart))
	if own := labels.name("alertname"); own != "" && own != name {
		said = joined([]string{own, said}, ": ")
	}
	if strings.EqualFold(a.raw("status"), "resolved") {
		said = joined([]string{"resolved", said}, ": ")
	}
	var tags []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		value := labels.name(key)
		if key == "alertname" || value == "" || len(tags) == maxLabels || strings.HasPrefix(key, "__") {
			continue
		}
		tags = append(tags, line(key, maxName)+"="+value)
	}
	return joined([]string{said, bracketed(tags), alertLink(a)}, " ")
}

func bracketed(tags []string) string {
	if len(tags) == 0 {
		return ""
	}
	return "{" + strings.Join(tags, ", ") + "}"
}

// alertLink is where one sees more of an alert.
func alertLink(a object) string {
	return firstOf(a.link("panelURL"), a.link("dashboardURL"), a.link("generatorURL"))
}
