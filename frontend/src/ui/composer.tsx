import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import type { Cursor } from "../client/index.ts";
import { isBlank } from "./blank.ts";
import { usePage } from "./context.ts";
import type { Answered } from "./conversation/talk.ts";
import { useAttach } from "./files/entry.tsx";
import { CheckIcon, SendIcon } from "./icons.tsx";
import { composes, ON_SCREEN_KEYBOARD } from "./keys.ts";
import { useMentions } from "./mentions/mentions.tsx";
import { WritingBar } from "./parts.ts";
import type { RoomModel, RoomView } from "./room_model.ts";

/** Unicode code points, as the server counts. */
const LONGEST = 4_000;

export interface ComposerProps {
  input: RefObject<HTMLTextAreaElement | null>;
  model: RoomModel;
  room: RoomView;
  /** One may not send yet: the room is slow. */
  held: boolean;
  /** The message that is edited or answered. */
  about: Answered | undefined;
  /** ↑ in the empty composer. */
  onUp(): void;
  /** A message that is edited is left without a text. */
  onEmptied(id: Cursor): void;
}

/** Where one writes. The field keeps its own text, so no drawing can lose a keystroke. */
export function Composer(props: ComposerProps) {
  const { input, model, room, held, about, onUp, onEmptied } = props;
  const { writing } = model;
  const view = room.writing;
  const { words } = usePage();
  const { editing, replyTo, problem } = view;
  const [empty, setEmpty] = useState(true);
  const [over, setOver] = useState(0);
  const mentions = useMentions(input);
  const attach = useAttach(model, room, input);
  // What is left of a message of files without its words are the files.
  const bare = editing !== undefined && model.talk.get(editing)?.message.files !== undefined;
  const special = (editing ?? replyTo ?? problem) !== undefined;
  const onScreen = matchMedia(ON_SCREEN_KEYBOARD).matches;

  const look = () => {
    const field = input.current;
    if (field === null) return;
    // Counting code points is for long texts only.
    setOver(field.value.length > LONGEST ? [...field.value].length - LONGEST : 0);
    setEmpty(isBlank(field.value));
    field.style.setProperty("height", "auto");
    field.style.setProperty("height", `${field.scrollHeight}px`);
  };

  useLayoutEffect(() => {
    const field = input.current;
    if (field === null || field.value === writing.text) return;
    field.value = writing.text;
    look();
  }, [writing, view.turn]);
  useLayoutEffect(() => {
    if (matchMedia("(hover: hover)").matches) input.current?.focus();
  }, [writing]);

  const send = (event?: Event) => {
    event?.preventDefault();
    const field = input.current;
    if (field === null || over > 0 || held) return;
    if (isBlank(field.value) && !attach.some && !bare) return editing && onEmptied(editing);
    const text = isBlank(field.value) ? "" : field.value.trimEnd();
    field.value = "";
    const meant = mentions.idsIn(text);
    // With files it goes out once these are there.
    if (!attach.send(text, meant)) model.post(text, meant);
    look();
    field.focus();
  };
  /** Back to the draft that was there before, or to no answer. */
  const cancel = () => {
    if (editing !== undefined) writing.endEdit();
    else writing.reply(undefined);
    input.current?.focus();
  };
  const label = words.text(editing === undefined ? "messageLabel" : "editing");
  const sends = words.text(editing === undefined ? "send" : "save");

  return (
    <form class="composer" onSubmit={send}>
      {special && <WritingBar view={view} about={about} onCancel={cancel} />}
      {mentions.list}
      {attach.tray}
      <textarea
        ref={input}
        onFocus={mentions.onFocus}
        data-testid="composer-input"
        rows={1}
        dir="auto"
        autocomplete="off"
        enterkeyhint={onScreen ? "enter" : "send"}
        placeholder={words.text("messagePlaceholder")}
        aria-label={label}
        aria-invalid={over > 0}
        aria-describedby="composer-over"
        onInput={() => {
          const text = input.current?.value ?? "";
          look();
          mentions.look();
          writing.typed(text);
          if (text !== "") model.client.typing();
        }}
        onKeyDown={(event) => {
          if (composes(event) || mentions.onKey(event)) return;
          const enters = onScreen ? event.ctrlKey || event.metaKey : !event.shiftKey;
          if (event.key === "Enter" && enters) send(event);
          if (event.key === "Escape" && (editing ?? replyTo) !== undefined) cancel();
          const up = event.key === "ArrowUp" && editing === undefined;
          if (up && event.currentTarget.value === "") {
            event.preventDefault();
            onUp();
          }
        }}
      />
      <span id="composer-over" class="over" role="status">
        {over > 0 && words.plural("charactersOver", over)}
      </span>
      <button
        class="send"
        type="submit"
        data-testid="send"
        aria-label={sends}
        title={sends}
        disabled={(empty && !attach.some && !bare) || over > 0 || held}
        // The keyboard of a phone stays where it is.
        onPointerDown={(event) => event.preventDefault()}
      >
        {editing === undefined ? <SendIcon /> : <CheckIcon />}
      </button>
      {attach.microphone(empty && !attach.some && !held)}
    </form>
  );
}
