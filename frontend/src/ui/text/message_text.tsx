import { useMemo, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { type Meant, useMeant } from "../mentions/people.tsx";
import { onDemand } from "../on_demand.ts";
import { isEmojiOnly, isLong, mayHaveMarkup, typedParts } from "./typed.ts";

const formatter = onDemand(() => import("./formatted.tsx"));

export interface MessageTextProps {
  text: string;
  /** Whom it mentions, in the order of their names in the text. */
  mentions?: readonly string[];
}

/**
 * The text of a message: what was typed at once, and formatted as soon as the parser is there. A
 * text without anything to format needs none.
 */
export function MessageText({ text, mentions = [] }: MessageTextProps) {
  // Only who is mentioned is drawn again when people come and go.
  if (mentions.length > 0) return <Mentioning text={text} mentions={mentions} />;
  return <Text text={text} names={undefined} meant={NOBODY} />;
}

const NOBODY = () => [];

function Mentioning({ text, mentions }: Required<MessageTextProps>) {
  return <Text text={text} {...useMeant(mentions)} />;
}

interface TextProps extends Meant {
  text: string;
}

function Text({ text, names, meant }: TextProps) {
  const { words } = usePage();
  const [whole, setWhole] = useState(false);
  const known = useMemo(() => {
    const large = isEmojiOnly(text);
    return { large, long: isLong(text), marked: !large && mayHaveMarkup(text) };
  }, [text]);
  const wanted = known.marked || names !== undefined;
  const module = formatter.use(wanted);
  const clipped = known.long && !whole;
  const classes = ["text", known.large && "emoji", clipped && "clipped"];
  const box = (
    <div
      class={classes.filter(Boolean).join(" ")}
      dir="auto"
      data-testid="message-text"
      onFocusIn={clipped ? showFocused : undefined}
    >
      {wanted && module !== undefined ? (
        <module.Formatted text={text} names={names} meant={meant} />
      ) : (
        typedParts(text).map((part, index) =>
          part.code ? (
            <div key={index} class="code-block">
              <pre dir="ltr">
                <code>{part.text}</code>
              </pre>
            </div>
          ) : (
            part.text
          ),
        )
      )}
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
