import type { MarkdownIt, ParserInline, StateInline } from "markdown-it";
import { type Address, findAddresses } from "./addresses.ts";

/** What a text is read with, besides the text. */
export interface Surroundings {
  /** Names that may stand after an `@`, the longest first. */
  names?: readonly string[];
}

type InlineRule = Parameters<ParserInline["ruler"]["push"]>[1];

/** Takes a rule of the parser's own out, to be used within another. */
export function ruleOf<Rule>(
  ruler: { enableOnly(names: string[]): void; getRules(chain: string): Rule[] },
  name: string,
): Rule {
  ruler.enableOnly([name]);
  const [rule] = ruler.getRules("");
  if (rule === undefined) throw new Error(`no rule ${name}`);
  return rule;
}

/** Makes of text what people mean who type without thinking of Markdown. */
export function inlineRules(md: MarkdownIt): void {
  const { ruler } = md.inline;
  const backticks = ruleOf(ruler, "backticks");
  const link = ruleOf(ruler, "link");
  ruler.at("text", text);
  ruler.at("escape", backslash);
  ruler.at("backticks", onOneLine(backticks));
  ruler.at("link", withLabel(link));
  ruler.push("address", address);
  ruler.push("mention", mention);
  ruler.enableOnly([
    "text",
    "escape",
    "backticks",
    "strikethrough",
    "emphasis",
    "link",
    "address",
    "mention",
  ]);
  md.inline.ruler2.enableOnly(["balance_pairs", "strikethrough", "emphasis", "fragments_join"]);
  md.inline.State = class extends md.inline.State {
    override scanDelims(start: number, canSplitWord: boolean) {
      const before = this.src.charAt(start - 1);
      // 2*3*4 is no italic 3.
      const isWithin = /^[a-z0-9]{2}$/i.test(before + this.src.charAt(start + 1));
      const scanned = super.scanDelims(start, canSplitWord && !isWithin);
      const after = this.src.charAt(start + scanned.length);
      // 他说**「好」**。 has no blanks to go by.
      if (canSplitWord && EAST_ASIAN.test(before + after)) {
        scanned.can_open = /\S/.test(after);
        scanned.can_close = /\S/.test(before);
      }
      return scanned;
    }
  };
}

const EAST_ASIAN = /[\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]/;

/** All that may begin something stops the run of text. */
const RUN = /[^*_~`[\]\\@hw]+/giy;

const text: InlineRule = (state, silent) => {
  RUN.lastIndex = state.pos;
  const run = RUN.exec(state.src)?.[0];
  if (run === undefined) return false;
  const end = Math.min(state.pos + run.length, state.posMax);
  if (!silent) state.pending += state.src.slice(state.pos, end);
  state.pos = end;
  return true;
};

/**
 * A backslash keeps the character after it from marking up. Both are shown: C:\*.txt and ¯\_(ツ)_/¯
 * are meant as they stand.
 */
const backslash: InlineRule = (state, silent) => {
  if (state.src.charAt(state.pos) !== "\\" || state.pos + 1 >= state.posMax) return false;
  if (!/[*_~`[\]@]/.test(state.src.charAt(state.pos + 1))) return false;
  if (!silent) state.pending += state.src.slice(state.pos, state.pos + 2);
  state.pos += 2;
  return true;
};

/** Code within a line ends in it: two stray backticks do not swallow what is between them. */
function onOneLine(backticks: InlineRule): InlineRule {
  return (state, silent) => {
    const start = state.pos;
    if (!backticks(state, true)) return false;
    const whole = state.src.slice(start, state.pos);
    if (whole.includes("\n")) {
      const ticks = /^`+/.exec(whole)?.[0] ?? "";
      if (!silent) state.pending += ticks;
      state.pos = start + ticks.length;
      return true;
    }
    state.pos = start;
    return backticks(state, silent);
  };
}

/** `[label](address)`: without a label there is nothing to press, and without an address no way. */
function withLabel(link: InlineRule): InlineRule {
  return (state, silent) => {
    const start = state.pos;
    if (state.linkLevel > 0 || /^\[\s*\]/.test(state.src.slice(start, start + 8))) return false;
    if (!link(state, true)) return false;
    const leads = !/\(\s*\)$/.test(state.src.slice(Math.max(start, state.pos - 8), state.pos));
    const end = state.pos;
    state.pos = start;
    if (leads && silent) state.pos = end;
    return leads && (silent || link(state, false));
  };
}

const known = new WeakMap<StateInline, Map<number, Address>>();

function addressesOf(state: StateInline): Map<number, Address> {
  let addresses = known.get(state);
  if (addresses === undefined) {
    addresses = new Map(findAddresses(state.src).map((found) => [found.start, found]));
    known.set(state, addresses);
  }
  return addresses;
}

const address: InlineRule = (state, silent) => {
  if (state.linkLevel > 0 || !/[hw]/i.test(state.src.charAt(state.pos))) return false;
  const found = addressesOf(state).get(state.pos);
  if (found === undefined || found.end > state.posMax) return false;
  if (!silent) state.push("address", "", 0).meta = { link: found.link };
  state.pos = found.end;
  return true;
};

const WORD = /[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.-]*/uy;

/** `@Name`, where the message says that it mentions somebody. */
const mention: InlineRule = (state, silent) => {
  const { src, pos } = state;
  if (src.charAt(pos) !== "@") return false;
  const { names } = state.env as Surroundings;
  if (names === undefined || /[\p{L}\p{N}_]$/u.test(src.slice(Math.max(0, pos - 2), pos))) {
    return false;
  }
  const name = nameAt(src, pos + 1, names);
  if (name === "" || pos + 1 + name.length > state.posMax) return false;
  if (!silent) state.push("mention", "", 0).content = name;
  state.pos += 1 + name.length;
  return true;
};

function nameAt(src: string, pos: number, names: readonly string[]): string {
  for (const name of names) {
    if (src.startsWith(name, pos) && !/^[\p{L}\p{N}_]/u.test(src.slice(pos + name.length))) {
      return name;
    }
  }
  WORD.lastIndex = pos;
  return (WORD.exec(src)?.[0] ?? "").replace(/[.-]+$/, "");
}
