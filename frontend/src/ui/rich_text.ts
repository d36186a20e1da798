/** What a message's text is made of. Nothing here becomes markup: a part is text with a role. */
export type Part =
  | { kind: "text" | "code"; text: string }
  | { kind: "link"; text: string; href: string };

const PIECE = /`([^`\n]+)`|\bhttps?:\/\/[^\s<>"'`]+|\bwww\.[^\s<>"'`]+\.[^\s<>"'`]+/giu;

export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(PIECE)) {
    const whole = match[0];
    const link = match[1] === undefined ? linkOf(whole) : undefined;
    const end = match.index + (link?.text.length ?? whole.length);
    if (match[1] === undefined && link === undefined) continue;
    if (match.index > at) parts.push({ kind: "text", text: text.slice(at, match.index) });
    parts.push(link ?? { kind: "code", text: match[1] ?? "" });
    at = end;
  }
  if (at < text.length) parts.push({ kind: "text", text: text.slice(at) });
  return parts;
}

/**
 * A link without the punctuation of the sentence it stands in. Only http and https: nothing that
 * runs.
 */
function linkOf(found: string): (Part & { kind: "link" }) | undefined {
  let text = found.replace(/[.,;:!?…»”’"'*_~]+$/u, "");
  // A closing bracket belongs to the link only if it was opened in it.
  while (/[)\]}]$/u.test(text) && unbalanced(text)) {
    text = text.slice(0, -1).replace(/[.,;:!?]+$/u, "");
  }
  try {
    const url = new URL(/^www\./i.test(text) ? `https://${text}` : text);
    if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
    return { kind: "link", text, href: url.href };
  } catch {
    return undefined;
  }
}

function unbalanced(text: string): boolean {
  const close = text[text.length - 1] ?? "";
  const open = { ")": "(", "]": "[", "}": "{" }[close] ?? "";
  return text.split(close).length > text.split(open).length;
}

const EMOJI =
  /^(?:\p{RI}{2}|[\d#*]\uFE0F?\u20E3|\p{Extended_Pictographic}(?:\uFE0F|\p{EMod}|\u200D\p{Extended_Pictographic})*|\s)+$/u;

/** A few emoji and nothing else: shown large. */
export function isEmojiOnly(text: string): boolean {
  if (text.length > 60 || !EMOJI.test(text)) return false;
  const count = [...new Intl.Segmenter().segment(text.replace(/\s/g, ""))].length;
  return count > 0 && count <= 6;
}
