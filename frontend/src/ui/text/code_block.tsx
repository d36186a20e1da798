import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { copyText } from "../copy.ts";
import { CheckIcon, CopyIcon } from "../icons.tsx";
import { type Piece, useColours } from "./highlight.ts";

/** How long the button says that it has copied. Milliseconds. */
const SAID = 2_000;

/** A fenced block: it scrolls sideways, and is copied as it was typed. */
export function CodeBlock({ language, text }: { language: string; text: string }) {
  const { words } = usePage();
  const pieces = useColours(language, text);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SAID);
    return () => clearTimeout(timer);
  }, [copied]);
  const label = words.text(copied ? "codeCopied" : "copyCode");
  return (
    <div class="code-block" data-testid="code-block" data-language={language || undefined}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <pre tabIndex={0} dir="ltr">
        <code>{pieces === undefined ? text : pieces.map(draw)}</code>
      </pre>
      <button
        type="button"
        class="copy-code"
        data-testid="copy-code"
        aria-label={label}
        title={label}
        onClick={async () => setCopied(await copyText(text))}
      >
        {copied ? <CheckIcon /> : <CopyIcon />}
      </button>
    </div>
  );
}

function draw(piece: Piece, index: number): ComponentChildren {
  if (typeof piece === "string") return piece;
  return (
    <span key={index} class={piece.classes.join(" ")}>
      {piece.children.map(draw)}
    </span>
  );
}
