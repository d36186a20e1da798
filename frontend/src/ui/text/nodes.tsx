import type { ComponentChildren } from "preact";
import { usePage } from "../context.ts";
import { Mention } from "../mentions/mention.tsx";
import { CodeBlock } from "./code_block.tsx";
import type { Block, Inline, Link, List } from "./tree.ts";

/** Whom the mentions of a text mean, in their order; undefined for one that means nobody. */
export type Meant = Iterator<string | undefined>;

/** Draws a tree as elements. No text becomes markup on the way. */
export function Blocks({ blocks, meant }: { blocks: readonly Block[]; meant: Meant }) {
  return <>{blocks.map((block, index) => drawBlock(block, index, meant))}</>;
}

function drawBlock(block: Block, key: number, meant: Meant): ComponentChildren {
  switch (block.kind) {
    case "lines":
      return drawInlines(block.children, meant);
    case "code":
      return <CodeBlock key={key} language={block.language} text={block.text} />;
    case "quote":
      return (
        <blockquote key={key} dir="auto">
          {block.children.map((child, index) => drawBlock(child, index, meant))}
        </blockquote>
      );
    case "list":
      return drawList(block, key, meant);
  }
}

const SIGNS: Record<string, string> = { "+": "plus", "-": "dash", ")": "bracket" };

function drawList({ sign, start, items }: List, key: number, meant: Meant) {
  const children = items.map((item, index) => (
    <li key={index} dir="auto">
      {item.map((block, at) => drawBlock(block, at, meant))}
    </li>
  ));
  if (start === undefined) {
    return (
      <ul key={key} class={SIGNS[sign]} dir="auto">
        {children}
      </ul>
    );
  }
  return (
    <ol key={key} class={SIGNS[sign]} start={start} dir="auto">
      {children}
    </ol>
  );
}

function drawInlines(nodes: readonly Inline[], meant: Meant): ComponentChildren[] {
  return nodes.map((node, key) => drawInline(node, key, meant));
}

function drawInline(node: Inline, key: number, meant: Meant): ComponentChildren {
  switch (node.kind) {
    case "text":
      return node.text;
    case "code":
      return (
        <code key={key} dir="auto">
          {node.text}
        </code>
      );
    case "bold":
      return <strong key={key}>{drawInlines(node.children, meant)}</strong>;
    case "italic":
      return <em key={key}>{drawInlines(node.children, meant)}</em>;
    case "strike":
      return <s key={key}>{drawInlines(node.children, meant)}</s>;
    case "link":
      return (
        <Anchor key={key} link={node}>
          {drawInlines(node.children, meant)}
        </Anchor>
      );
    case "mention": {
      const id = meant.next().value;
      return id === undefined ? `@${node.name}` : <Mention key={key} id={id} name={node.name} />;
    }
  }
}

/** A link, apart from the direction of what is around it, and with its host if it hides that. */
function Anchor({ link, children }: { link: Link; children: ComponentChildren }) {
  const { words } = usePage();
  const { href, host } = link;
  return (
    <>
      <a href={href} dir="ltr" target="_blank" rel="noopener noreferrer nofollow">
        {children}
      </a>
      {host !== undefined && (
        <span class="link-host" dir="ltr" title={words.text("leadsTo", { host })}>
          {` (${host})`}
        </span>
      )}
    </>
  );
}
