/**
 * What a message's text is made of. Nothing here is markup: a node is text with a role, and is
 * drawn as an element of the page.
 */
export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "bold" | "italic" | "strike"; children: Inline[] }
  | Link
  | { kind: "mention"; name: string };

export interface Link {
  kind: "link";
  href: string;
  children: Inline[];
  /** The host that it leads to, where the text does not say so by itself. */
  host?: string;
}

export type Block =
  /** Text with its line breaks. */
  | { kind: "lines"; children: Inline[] }
  /** A fenced block. The language is what was typed. */
  | { kind: "code"; language: string; text: string }
  | { kind: "quote"; children: Block[] }
  | List;

export interface List {
  kind: "list";
  /** The sign before each item: `-`, `*` or `+`; of a numbered list what follows the number. */
  sign: string;
  /** The first number of a numbered list. */
  start?: number;
  items: Block[][];
}

/** All the text in a tree, without what marks it up. */
export function plainText(nodes: readonly (Block | Inline)[]): string {
  return nodes.map(textOf).join("");
}

function textOf(node: Block | Inline): string {
  switch (node.kind) {
    case "text":
    case "code":
      return node.text;
    case "mention":
      return `@${node.name}`;
    case "list":
      return node.items.map(plainText).join("\n");
    default:
      return plainText(node.children);
  }
}
