import { Component } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Avatar, PersonName } from "./avatar.tsx";
import { usePage } from "./context.ts";
import { useActs } from "./conversation/acts.ts";
import { useHold } from "./conversation/hold.ts";
import { Deleted, Edited, Quote } from "./conversation/message_parts.tsx";
import { Reactions } from "./conversation/reactions.tsx";
import { MessageFiles } from "./files/entry.tsx";
import { ClockIcon } from "./icons.tsx";
import { MessageTime } from "./message_time.tsx";
import { FailureLine, MessageBar, Refused, Waiting } from "./parts.ts";
import { MessageText } from "./text/message_text.tsx";
import type { MessageRow } from "./timeline.ts";

export interface MessageProps {
  row: MessageRow;
  /** Changes with the language, so that a message is written anew. */
  language: string;
  onRetry(key: string): void;
  onDiscard(key: string): void;
}

/**
 * One message. It is drawn again only when something of it changed: rooms are long, and people type
 * meanwhile.
 */
export class Message extends Component<MessageProps> {
  override shouldComponentUpdate({ row, language }: MessageProps): boolean {
    const old = this.props.row;
    return (
      language !== this.props.language ||
      row.id !== old.id ||
      row.state !== old.state ||
      row.problem !== old.problem ||
      row.first !== old.first ||
      row.last !== old.last ||
      row.at !== old.at ||
      row.own !== old.own ||
      row.text !== old.text ||
      row.said !== old.said ||
      row.files?.length !== old.files?.length ||
      row.answered?.text !== old.answered?.text ||
      row.answered?.name !== old.answered?.name ||
      row.mentions.join() !== old.mentions.join() ||
      row.from.name !== old.from.name
    );
  }

  override render(props: MessageProps) {
    return <Bubble {...props} />;
  }
}

function Bubble({ row, onRetry, onDiscard }: MessageProps) {
  const { words } = usePage();
  const acts = useActs();
  const { own, from, first, last, state, said, answered } = row;
  const [active, setActive] = useState(false);
  const late = useLate(state === "waiting", row.at) || (state === "waiting" && row.problem);
  const gone = said !== undefined && (said.removing || said.message.deleted === true);
  const hold = useHold(() => {
    if (said !== undefined && !gone) acts.open({ kind: "sheet", id: said.message.id });
  });
  const editedAt = gone ? undefined : said?.message.editedAt;
  const files = row.files !== undefined && !gone && <MessageFiles row={row} />;
  const waits = state === "waiting" || said?.pending;
  const classes = [
    "message",
    own ? "own" : "theirs",
    first && "first",
    last && "last",
    state,
    said?.pending && "pending",
    row.mentioned && "mentions-me",
  ];
  return (
    <div
      class={classes.filter(Boolean).join(" ")}
      data-testid="message"
      data-id={row.id}
      data-key={row.postKey}
      data-state={state}
      data-own={String(own)}
      data-deleted={gone ? "true" : undefined}
      tabIndex={-1}
      onPointerEnter={(event) => event.pointerType !== "touch" && setActive(true)}
      onPointerLeave={() => setActive(false)}
      onFocusIn={() => setActive(true)}
      onFocusOut={() => setActive(false)}
      {...hold}
    >
      {!own && <span class="avatar-place">{last && <Avatar person={from} />}</span>}
      <div class="bubble-column">
        {first && !own ? (
          <div class="sender">
            <PersonName person={from} />
            <span class="sr">: </span>
          </div>
        ) : (
          <span class="sr">{own ? words.text("you") : from.name}: </span>
        )}
        {answered !== undefined && !gone && <Quote answered={answered} />}
        {row.mentioned && <span class="sr">{words.text("mentionsYou")}. </span>}
        {row.text !== "" && files}
        <div class="bubble-line">
          {said !== undefined && gone ? (
            <Deleted said={said} />
          ) : row.text === "" && files ? (
            files
          ) : (
            <MessageText text={row.text} mentions={row.mentions} />
          )}
          <MessageTime row={row} />
          {waits && (
            <span class="waiting-mark" title={words.text("waiting")}>
              <ClockIcon />
              <span class="sr">{words.text("waiting")}</span>
            </span>
          )}
        </div>
        {editedAt !== undefined && <Edited at={editedAt} />}
        {said !== undefined && !gone && <Reactions message={said.message} />}
        {active && said !== undefined && !gone && <MessageBar said={said} />}
        {said?.failure !== undefined && <FailureLine said={said} />}
        {late && row.postKey !== undefined && (
          <div class="refusal">
            {row.problem !== undefined && <Waiting problem={row.problem} />}
            <button
              type="button"
              class="text-button"
              onClick={() => row.postKey !== undefined && onDiscard(row.postKey)}
            >
              {words.text("discard")}
            </button>
          </div>
        )}
        {state === "refused" && row.postKey !== undefined && (
          <Refused row={row} postKey={row.postKey} onRetry={onRetry} onDiscard={onDiscard} />
        )}
      </div>
    </div>
  );
}

/** A post that waits this long can be taken back. Milliseconds. */
const LONG_WAIT = 2_000;

function useLate(waiting: boolean, since: number): boolean {
  const [, again] = useState(0);
  const left = since + LONG_WAIT - Date.now();
  useEffect(() => {
    if (!waiting || left <= 0) return;
    const timer = setTimeout(() => again((n) => n + 1), left);
    return () => clearTimeout(timer);
  }, [waiting, since]);
  return waiting && left <= 0;
}
