/** Every way to end a line there is, CR alone and Unicode's own among them. */
const LINE_ENDS = /\r\n?|[\v\f\u0085\u2028\u2029]/g;

/** The text with line ends that a browser breaks lines at. */
export function withLineBreaks(text: string): string {
  return text.replace(LINE_ENDS, "\n");
}

/** So much of a text is looked at for its first line. */
const LOOKED_AT = 400;

/** How a text begins, in one line: without the marks of formatting, and what turns text around. */
export function inOneLine(text: string): string {
  return withoutMarks(text.slice(0, LOOKED_AT)).replace(/\s+/gu, " ").trim();
}

/** A text as it is said. */
export function withoutMarks(text: string): string {
  return withLineBreaks(text)
    .replace(/^```[\w+#.-]*$|^> ?|[\u202a-\u202e\u2066-\u2069]/gm, "")
    .replace(/(\*\*|~~|`{1,3})([^*~`\n]+)\1/g, "$2");
}

/** A text until it is formatted: what is code in a block of its own, so that nothing moves then. */
export function typedParts(text: string): { code: boolean; text: string }[] {
  const lines = withLineBreaks(text).split("\n");
  const parts: { code: boolean; text: string }[] = [];
  let from = 0;
  for (let line = 0; line < lines.length; line++) {
    if (!/^```[\w+#.-]*$/.test(lines[line] ?? "")) continue;
    const end = lines.indexOf("```", line + 1);
    if (end < 0) break;
    if (line > from) parts.push({ code: false, text: `${lines.slice(from, line).join("\n")}\n` });
    parts.push({ code: true, text: lines.slice(line + 1, end).join("\n") });
    from = end + 1;
    line = end;
  }
  if (from < lines.length) parts.push({ code: false, text: lines.slice(from).join("\n") });
  return parts;
}

/**
 * Reports whether a text may have something to format, so that the parser is worth loading. It
 * looks at each character a bounded number of times.
 */
export function mayHaveMarkup(text: string): boolean {
  return /[*_~`]|\]\(|:\/\/|www\.|^ {0,3}(?:[-+>]|\d{1,9}[.)])[ \t]/im.test(text);
}

const EMOJI =
  /^(?:\p{RI}{2}|[\d#*]\uFE0F?\u20E3|\p{Extended_Pictographic}(?:\uFE0F|\p{EMod}|[\u{E0020}-\u{E007F}]|\u200D\p{Extended_Pictographic})*|\s)+$/u;

/** A few emoji and nothing else: shown large. */
export function isEmojiOnly(text: string): boolean {
  if (text.length > 100 || !EMOJI.test(text)) return false;
  const count = [...new Intl.Segmenter().segment(text.replace(/\s/g, ""))].length;
  return count > 0 && count <= 6;
}

/** Lines of a message that are shown at once; a longer one has a button for the rest. */
const MOST_LINES = 30;
/** About as many characters fit into a line of a wide bubble. */
const LINE = 60;

/** Reports whether a text would fill more than a screen. */
export function isLong(text: string): boolean {
  let lines = 0;
  let at = 0;
  while (at <= text.length) {
    const end = text.indexOf("\n", at);
    const stop = end < 0 ? text.length : end;
    lines += Math.max(1, Math.ceil((stop - at) / LINE));
    if (lines > MOST_LINES) return true;
    at = stop + 1;
  }
  return false;
}
