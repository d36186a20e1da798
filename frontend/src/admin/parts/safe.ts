/**
 * Finds what a text has in it that doesn't show, or that turns what is around it: control
 * characters, and those of the directions of writing. Joiners are left: emoji and some scripts are
 * written with them.
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/u;

export type Piece = { text: string } | { hidden: string };

/** How many hidden characters are told one by one; of more of them the rest is counted as one. */
const TOLD = 40;

/** A text in pieces: what shows, and the code points of what doesn't, as in "U+202E". */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let rest = text;
  let told = 0;
  while (rest !== "") {
    const found = HIDDEN.exec(rest);
    if (found === null || told === TOLD) {
      pieces.push({
        text: found === null ? rest : rest.replace(new RegExp(HIDDEN, "gu"), "\ufffd"),
      });
      break;
    }
    if (found.index > 0) pieces.push({ text: rest.slice(0, found.index) });
    const code = found[0].codePointAt(0) ?? 0;
    pieces.push({ hidden: `U+${code.toString(16).toUpperCase().padStart(4, "0")}` });
    rest = rest.slice(found.index + found[0].length);
    told++;
  }
  return pieces;
}

/** A text in a sentence of another one, where it can be no element: isolated, and without what is hidden. */
export function isolated(text: string): string {
  const shown = piecesOf(cut(text, 80).text)
    .map((piece) => ("text" in piece ? piece.text : "\ufffd"))
    .join("");
  return `\u2068${shown}\u2069`;
}

/** The beginning of a text, never half of a character. */
export function cut(text: string, most: number): { text: string; whole: boolean } {
  if (text.length <= most) return { text, whole: true };
  const end = /[\ud800-\udbff]/.test(text[most - 1] ?? "") ? most - 1 : most;
  return { text: `${text.slice(0, end)}…`, whole: false };
}
