package incoming

import (
	"regexp"
	"strings"

	"github.com/caller-chat/caller/chat"
)

// What is read of a message in Slack's shape.
const (
	maxBlocks      = 50 // as Slack takes
	maxAttachments = 20
	maxFields      = 10
	maxElements    = 100
)

// slack is what a message in Slack's shape says. Where there are blocks, its text is for
// notifications and not shown, as Slack has it.
func slack(doc object) string {
	var lines []string
	add := func(text string) {
		if text != "" {
			lines = append(lines, text)
		}
	}
	blocks, _ := doc.list("blocks", maxBlocks)
	for _, b := range blocks {
		add(block(b))
	}
	if len(lines) == 0 {
		add(mrkdwn(doc.raw("text")))
	}
	attachments, _ := doc.list("attachments", maxAttachments)
	for _, a := range attachments {
		add(attachment(a))
	}
	return strings.Join(lines, "\n")
}

// block is what a block of Slack's Block Kit says.
func block(b object) string {
	switch b.raw("type") {
	case "divider":
		return "---"
	case "image":
		return withLink(line(firstOf(b.raw("title"), b.in("title").raw("text"), b.raw("alt_text")), maxTitle), b.link("image_url"))
	case "context":
		elements, _ := b.list("elements", maxFields)
		var parts []string
		for _, e := range elements {
			parts = append(parts, firstOf(textOf(e), line(e.raw("alt_text"), maxTitle)))
		}
		return joined(parts, " ")
	case "rich_text":
		left := maxElements
		return strings.TrimSpace(rich(b, &left, 0))
	case "markdown":
		return strings.TrimSpace(clean(cut(b.raw("text"), chat.MaxText)))
	case "actions":
		elements, _ := b.list("elements", maxFields)
		return buttons(elements)
	}
	parts := []string{textOf(b.in("text"))}
	fields, _ := b.list("fields", maxFields)
	for _, f := range fields {
		parts = append(parts, textOf(f))
	}
	parts = append(parts, buttons([]object{b.in("accessory")}))
	return joined(parts, "\n")
}

// buttons are those that lead somewhere. Nobody can press the others here.
func buttons(elements []object) string {
	var parts []string
	for _, e := range elements {
		address := firstOf(e.link("url"), e.link("image_url"))
		if address == "" {
			continue
		}
		label := firstOf(e.in("text").raw("text"), e.raw("text"), e.raw("alt_text"))
		parts = append(parts, withLink(line(label, maxTitle), address))
	}
	return joined(parts, "\n")
}

// rich is what an element of rich text says, with all in it.
func rich(e object, left *int, depth int) string {
	if *left--; *left < 0 || depth > 8 {
		return ""
	}
	switch e.raw("type") {
	case "text":
		return clean(cut(e.raw("text"), chat.MaxText))
	case "link":
		return withLink(line(e.raw("text"), maxTitle), e.link("url"))
	case "emoji":
		return ":" + e.name("name") + ":"
	case "user", "usergroup", "broadcast":
		return "@" + firstOf(e.name("user_id"), e.name("usergroup_id"), e.name("range"))
	case "channel":
		return "#" + e.name("channel_id")
	case "date":
		return line(e.raw("fallback"), maxTitle)
	}
	elements, _ := e.list("elements", maxElements)
	var all strings.Builder
	for _, inner := range elements {
		if e.raw("type") == "rich_text_list" {
			all.WriteString("- ")
		}
		all.WriteString(rich(inner, left, depth+1))
		if kind := e.raw("type"); kind == "rich_text" || kind == "rich_text_list" {
			all.WriteString("\n")
		}
	}
	return strings.TrimRight(all.String(), "\n")
}

// textOf is what a text object of Block Kit says.
func textOf(t object) string {
	if t.raw("type") == "plain_text" {
		return strings.TrimSpace(clean(cut(t.raw("text"), chat.MaxText)))
	}
	return mrkdwn(t.raw("text"))
}

// attachment is what one of Slack's older attachments says.
func attachment(a object) string {
	blocks, _ := a.list("blocks", maxBlocks)
	var parts []string
	for _, b := range blocks {
		parts = append(parts, block(b))
	}
	parts = append(parts, mrkdwn(a.raw("pretext")), withLink(line(mrkdwn(a.raw("author_name")), maxTitle), a.link("author_link")),
		withLink(line(mrkdwn(a.raw("title")), maxTitle), a.link("title_link")), mrkdwn(a.raw("text")))
	fields, _ := a.list("fields", maxFields)
	for _, f := range fields {
		title, value := line(mrkdwn(f.raw("title")), maxName), mrkdwn(f.raw("value"))
		if title != "" && value != "" {
			title += ": "
		}
		parts = append(parts, title+value)
	}
	actions, _ := a.list("actions", maxFields)
	parts = append(parts, a.link("image_url"), buttons(actions))
	if text := joined(parts, "\n"); text != "" {
		return text
	}
	return mrkdwn(a.raw("fallback"))
}

// special finds what stands in angle brackets in Slack's markup.
var special = regexp.MustCompile(`<([^<>\n]*)>`)

// unescaped has in place of Slack's three entities what they stand for. There are no others: "&copy=1"
// in an address is no sign, and "&#8238;" no way to write what [clean] takes out.
var unescaped = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// mrkdwn is a text in Slack's markup as people read it: links are told with their addresses, and
// what would call somebody there is plain text.
func mrkdwn(text string) string {
	text = special.ReplaceAllStringFunc(cut(clean(text), 2*chat.MaxText), func(match string) string {
		what, label, labelled := strings.Cut(match[1:len(match)-1], "|")
		if what == "" {
			return match
		}
		switch what[0] {
		case '@':
			return "@" + firstOf(strings.TrimPrefix(label, "@"), what[1:])
		case '#':
			return "#" + firstOf(label, what[1:])
		case '!':
			if labelled {
				return label
			}
			name, _, _ := strings.Cut(what[1:], "^")
			return "@" + name
		}
		if mail, is := strings.CutPrefix(what, "mailto:"); is {
			return firstOf(label, mail)
		}
		if webAddress(unescaped.Replace(what)) == "" {
			return match
		}
		return withLink(label, what) // all is unescaped at the end, once
	})
	return strings.TrimSpace(unescaped.Replace(text))
}

// withLink is a text with the address that it leads to.
func withLink(text, address string) string {
	switch {
	case address == "", text == address:
		return text
	case text == "":
		return address
	}
	return text + " (" + address + ")"
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// joined are the parts that say something.
func joined(parts []string, by string) string {
	var kept []string
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, by)
}
