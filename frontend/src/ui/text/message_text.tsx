import { useMemo, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { type Meant, useMeant } from "../mentions/people.tsx";
import { onDemand } from "./load.ts";
import { Blocks } from "./nodes.tsx";
import { isEmojiOnly, isLong, mayHaveMarkup, withLineBreaks } from "./typed.ts";

const parser = onDemand(() => import("./parse.ts"));

export interface MessageTextProps {
  text: string;
  /** Whom it mentions, in the order of their names in the text. */
  mentions?: readonly string[] | undefined;
}

/**
 * The text of a message: what was typed at once, and formatted as soon as the parser is there. A
 * text without anything to format needs none.
 */
export function MessageText({ text, mentions }: MessageTextProps) {
  const { words } = usePage();
  const [whole, setWhole] = useState(false);
  const { names, meant } = useMeant(mentions);
  const known = useMemo(() => {
    const large = isEmojiOnly(text);
    return { large, long: isLong(text), marked: !large && mayHaveMarkup(text) };
  }, [text]);
  const module = parser.use(known.marked || names !== undefined);
  const isParsed = module !== undefined && (known.marked || names !== undefined);
  const clipped = known.long && !whole;
  const classes = ["text", known.large && "emoji", clipped && "clipped"];
  const box = (
    <div
      class={classes.filter(Boolean).join(" ")}
      dir="auto"
      data-testid="message-text"
      onFocusIn={clipped ? showFocused : undefined}
    >
      {isParsed ? <Parsed module={module} text={text} names={names} meant={meant} /> : plain(text)}
    </div>
  );
  if (!known.long) return box;

  /** By keyboard one gets to links that are cut off. */
  function showFocused(event: FocusEvent): void {
    if ((event.target as Element).matches(":focus-visible")) setWhole(true);
  }
  return (
    <div class="long-text">
      {box}
      <button
        type="button"
        class="text-button"
        data-testid="show-all"
        aria-expanded={whole}
        onClick={() => setWhole(!whole)}
      >
        {words.text(whole ? "showLess" : "showAll")}
      </button>
    </div>
  );
}

const plain = withLineBreaks;

interface ParsedProps extends Meant {
  module: typeof import("./parse.ts");
  text: string;
}

function Parsed({ module, text, names, meant }: ParsedProps) {
  const blocks = module.parse(text, names);
  const ids = meant(names === undefined ? [] : module.mentionedNames(blocks));
  return <Blocks blocks={blocks} meant={ids[Symbol.iterator]()} />;
}
