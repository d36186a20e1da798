import type { MarkdownIt, ParserBlock, StateBlock } from "markdown-it";
import { ruleOf } from "./inline_rules.ts";

type BlockRule = Parameters<ParserBlock["ruler"]["push"]>[1];

/** What stands deeper in lists and quotes than this is shown as typed. A list takes two levels. */
const DEEPEST = 12;

/** The blocks of a chat: fenced code, quotes, lists and lines. */
export function blockRules(md: MarkdownIt): void {
  const { ruler } = md.block;
  const quote = ruleOf(ruler, "blockquote");
  const list = ruleOf(ruler, "list");
  ruler.at("fence", fence, { alt: ["paragraph", "blockquote", "list"] });
  ruler.at("blockquote", only(quote, /^>[> ]*(?: |$)/), {
    alt: ["paragraph", "blockquote", "list"],
  });
  ruler.at("list", only(list, /^(?:[-*+]|\d{1,9}[.)])[ \t]+(?!(?:[-*+][ \t]*)+$)\S/), {
    alt: ["paragraph", "blockquote"],
  });
  // Whoever writes a line without the mark has ended the quote, or the list.
  ruler.push("unquoted", (state, _line, _end, silent) => silent && isQuote(state), {
    alt: ["blockquote"],
  });
  ruler.push(
    "outdented",
    (state, line, _end, silent) => silent && (state.sCount[line] ?? 0) < state.blkIndent,
    { alt: ["paragraph"] },
  );
  ruler.enableOnly(["fence", "blockquote", "list", "unquoted", "outdented", "paragraph"]);
  // `paragraph` takes whatever is left, so it comes last; the two above only end what was begun.
}

const isQuote = (state: StateBlock) => String(state.parentType) === "blockquote";

const lineAt = (state: StateBlock, line: number) =>
  state.src.slice((state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0), state.eMarks[line]);

/** `>_<` is no quote, a lone `-` no list, and `* * *` neither. */
function only(rule: BlockRule, begin: RegExp): BlockRule {
  return (state, line, end, silent) =>
    state.level < DEEPEST && begin.test(lineAt(state, line)) && rule(state, line, end, silent);
}

/**
 * A fenced block as people write it: the closing backticks may stand at the end of the last line,
 * and code may begin on the line of the opening ones. Tildes are decoration in a chat.
 */
const fence: BlockRule = (state, startLine, endLine, silent) => {
  if ((state.sCount[startLine] ?? 0) - state.blkIndent >= 4) return false;
  const opening = /^(`{3,})([^`]*)$/.exec(lineAt(state, startLine));
  const marks = opening?.[1];
  if (marks === undefined) return false;
  const info = opening?.[2]?.trim() ?? "";
  const isLanguage = /^[\w+#.-]*$/.test(info);

  let next = startLine + 1;
  let last: string | undefined;
  for (; next < endLine; next++) {
    const line = lineAt(state, next);
    const outdented = line !== "" && (state.sCount[next] ?? 0) < state.blkIndent;
    if (outdented) break;
    last = beforeMarks(line, marks);
    if (last !== undefined) break;
  }
  const indent = state.sCount[startLine] ?? 0;
  let text = isLanguage ? "" : `${info}\n`;
  text += state.getLines(startLine + 1, next, indent, true);
  if (last !== undefined && last !== "") {
    // The indentation of the line that the marks end is its code's.
    const line = state.getLines(next, next + 1, indent, false);
    text += line.slice(0, line.length - line.trimStart().length) + last;
  }
  if (text.trim() === "") return false;
  if (silent) return true;
  state.line = last === undefined ? next : next + 1;
  const token = state.push("fence", "code", 0);
  token.info = isLanguage ? info : "";
  token.content = text;
  token.map = [startLine, state.line];
  return true;
};

/** What stands before the closing marks of a line; undefined if there are none. */
function beforeMarks(line: string, marks: string): string | undefined {
  const text = line.trimEnd();
  let end = text.length;
  while (text.charAt(end - 1) === "`") end--;
  if (text.length - end < marks.length) return undefined;
  // Code that says more of backticks is not ended by them.
  const before = text.slice(0, end);
  return before.includes("```") ? undefined : before;
}
