import MarkdownIt, { type Token } from "markdown-it";
import { webAddress } from "./addresses.ts";
import { blockRules } from "./block_rules.ts";
import { hiddenHost } from "./hosts.ts";
import { inlineRules, type Surroundings } from "./inline_rules.ts";
import { type Block, type Inline, type Link, plainText } from "./tree.ts";
import { withLineBreaks } from "./typed.ts";

/**
 * Reads formatted text with markdown-it, whose work grows with the text's length and not faster. Raw
 * HTML, headings, images and tables are off.
 */
const md = new MarkdownIt("zero", { maxNesting: 30 });
blockRules(md);
inlineRules(md);
md.validateLink = (address) => webAddress(address) !== undefined;
md.normalizeLink = (address) => (/^www\./i.test(address) ? `https://${address}` : address);
// Lines outside of quotes and lists stand as they were typed, with their indentation.
md.core.ruler.after("block", "typed", (state) => {
  const lines = state.src.split("\n");
  for (const token of state.tokens) {
    if (token.type === "inline" && token.level === 1 && token.map) {
      token.content = lines.slice(...token.map).join("\n");
    }
  }
});

/** Characters of texts whose trees are kept. */
const KEPT = 300_000;
const kept = new Map<string, Block[]>();
let size = 0;

/** The tree of a text. A text that was read is not read again. */
export function parse(text: string, names?: readonly string[]): Block[] {
  const key = names === undefined ? text : `${text}\n\0${names.join("\0")}`;
  let blocks = kept.get(key);
  if (blocks === undefined) {
    blocks = read(text, names === undefined ? {} : { names });
    kept.set(key, blocks);
    size += key.length;
    for (const oldest of kept.keys()) {
      if (size <= KEPT || oldest === key) break;
      kept.delete(oldest);
      size -= oldest.length;
    }
  }
  return blocks;
}

function read(typed: string, surroundings: Surroundings): Block[] {
  const text = withLineBreaks(typed);
  const reader = new Reader(md.parse(text, { ...surroundings }), text.split("\n"));
  return reader.blocks();
}

/** Turns tokens into a tree. */
class Reader {
  readonly #tokens: readonly Token[];
  readonly #lines: readonly string[];
  #at = 0;

  constructor(tokens: readonly Token[], lines: readonly string[]) {
    this.#tokens = tokens;
    this.#lines = lines;
  }

  /** The blocks up to the end of what they stand in, with the blank lines between them. */
  blocks(): Block[] {
    const blocks: Block[] = [];
    let last = -1;
    for (;;) {
      const token = this.#tokens[this.#at++];
      if (token === undefined || token.nesting < 0) return blocks;
      const [from, to] = token.map ?? [0, 0];
      const block = this.#block(token);
      if (block === undefined) continue;
      if (last >= 0) addBlank(blocks, block, from - last);
      last = this.#lastLine(from, to) + 1;
      const before = blocks.at(-1);
      if (before?.kind === "lines" && block.kind === "lines")
        before.children.push(...block.children);
      else blocks.push(block);
    }
  }

  /** A list's lines include the blank ones after it. */
  #lastLine(from: number, to: number): number {
    let last = to - 1;
    while (last > from && /^[\s>]*$/.test(this.#lines[last] ?? "")) last--;
    return last;
  }

  #block(token: Token): Block | undefined {
    switch (token.type) {
      case "paragraph_open": {
        const children = inlines(this.#tokens[this.#at]?.children ?? []);
        this.#at += 2;
        return { kind: "lines", children };
      }
      case "fence":
        return { kind: "code", language: token.info, text: token.content.replace(/\n$/, "") };
      case "blockquote_open":
        return { kind: "quote", children: this.blocks() };
      case "bullet_list_open":
      case "ordered_list_open":
        return this.#list(token);
      default:
        return undefined;
    }
  }

  #list(open: Token): Block {
    const items: Block[][] = [];
    while (this.#tokens[this.#at]?.type === "list_item_open") {
      this.#at++;
      items.push(this.blocks());
    }
    this.#at++;
    if (open.type === "bullet_list_open") return { kind: "list", sign: open.markup, items };
    return { kind: "list", sign: open.markup, start: Number(open.attrGet("start") ?? 1), items };
  }
}

/** Blank lines between two blocks, and the line's end if it is not a block that ends it. */
function addBlank(blocks: Block[], next: Block, blank: number): void {
  const before = blocks.at(-1);
  const text = "\n".repeat(
    before?.kind === "lines" && (blank > 0 || next.kind === "lines") ? blank + 1 : blank,
  );
  if (text === "") return;
  if (before?.kind === "lines") before.children.push({ kind: "text", text });
  else if (next.kind === "lines") next.children.unshift({ kind: "text", text });
  else blocks.push({ kind: "lines", children: [{ kind: "text", text }] });
}

const MARKS = { strong_open: "bold", em_open: "italic", s_open: "strike" } as const;
/** Marks within marks beyond this mark nothing: a page is not to be made of a thousand levels. */
const DEEPEST = 16;

function inlines(tokens: readonly Token[]): Inline[] {
  const top: Inline[] = [];
  const open: { children: Inline[]; link?: Link }[] = [{ children: top }];
  for (const token of tokens) {
    const into = open.at(-1)?.children ?? top;
    if (token.nesting < 0) {
      const { link } = open.pop() ?? {};
      if (link !== undefined) sayHost(link);
    } else if (token.nesting > 0) {
      const children: Inline[] = [];
      if (token.type === "link_open") {
        const link: Link = { kind: "link", href: String(token.attrGet("href")), children };
        into.push(link);
        open.push({ children, link });
      } else if (open.length > DEEPEST) {
        open.push({ children: into });
      } else {
        into.push({ kind: MARKS[token.type as keyof typeof MARKS], children });
        open.push({ children });
      }
    } else if (token.type === "code_inline") {
      into.push({ kind: "code", text: token.content });
    } else if (token.type === "mention") {
      into.push({ kind: "mention", name: token.content });
    } else if (token.type === "address") {
      into.push(token.meta?.link as Link);
    } else if (token.content !== "") {
      into.push({ kind: "text", text: token.content });
    }
  }
  return top;
}

/** A label says nothing of where it leads, unless it is the address. */
function sayHost(link: Link): void {
  const label = plainText(link.children).trim();
  const url = new URL(link.href);
  link.href = url.href;
  const shown = webAddress(label) ?? webAddress(`https://${label}`);
  if (shown?.href === url.href && hiddenHost(label, url) === undefined) return;
  link.host = url.host;
}

/** The names after `@` in a tree, in the order in which they are drawn. */
export function mentionedNames(nodes: readonly (Block | Inline)[], names: string[] = []): string[] {
  for (const node of nodes) {
    if (node.kind === "mention") names.push(node.name);
    else if (node.kind === "list") for (const item of node.items) mentionedNames(item, names);
    else if ("children" in node) mentionedNames(node.children, names);
  }
  return names;
}
