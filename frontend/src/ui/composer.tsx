import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { SendIcon } from "./icons.tsx";
import { tabwide } from "./storage.ts";

/** Unicode code points, as the server counts. */
const LONGEST = 4_000;

export interface ComposerProps {
  room: string;
  input: RefObject<HTMLTextAreaElement | null>;
  onSend(text: string): void;
  onTyping(): void;
  /** ↑ in the empty composer. */
  onUp(): void;
}

/** Where one writes. The field keeps its own text, so no drawing can lose a keystroke. */
export function Composer({ room, input, onSend, onTyping, onUp }: ComposerProps) {
  const { words } = usePage();
  const [empty, setEmpty] = useState(true);
  const [over, setOver] = useState(0);
  const draftKey = `draft.${room}`;
  const draftTimer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  const look = () => {
    const field = input.current;
    if (field === null) return;
    // Counting code points is for long texts only.
    setOver(field.value.length > LONGEST ? [...field.value].length - LONGEST : 0);
    setEmpty(field.value.trim() === "");
    field.style.setProperty("height", "auto");
    field.style.setProperty("height", `${field.scrollHeight}px`);
  };

  useEffect(() => {
    const draft = tabwide.get(draftKey);
    if (input.current !== null && typeof draft === "string") {
      input.current.value = draft;
      look();
    }
    if (matchMedia("(hover: hover)").matches) input.current?.focus();
    return () => clearTimeout(draftTimer.current);
  }, [draftKey]);

  const keepDraft = () => {
    clearTimeout(draftTimer.current);
    draftTimer.current = setTimeout(() => {
      tabwide.set(draftKey, input.current?.value || undefined);
    }, 300);
  };

  const send = (event?: Event) => {
    event?.preventDefault();
    const field = input.current;
    if (field === null || field.value.trim() === "" || over > 0) return;
    onSend(field.value.replace(/\s+$/u, ""));
    field.value = "";
    keepDraft();
    look();
    field.focus();
  };

  return (
    <form class="composer" onSubmit={send}>
      <textarea
        ref={input}
        data-testid="composer-input"
        rows={1}
        dir="auto"
        enterkeyhint="send"
        placeholder={words.text("messagePlaceholder")}
        aria-label={words.text("messageLabel")}
        aria-invalid={over > 0}
        aria-describedby="composer-over"
        onInput={() => {
          look();
          keepDraft();
          if (input.current?.value !== "") onTyping();
        }}
        onKeyDown={(event) => {
          if (event.isComposing) return;
          if (event.key === "Enter" && !event.shiftKey) send(event);
          if (event.key === "ArrowUp" && event.currentTarget.value === "") {
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
        aria-label={words.text("send")}
        title={words.text("send")}
        disabled={empty || over > 0}
        // The keyboard of a phone stays where it is.
        onPointerDown={(event) => event.preventDefault()}
      >
        <SendIcon />
      </button>
    </form>
  );
}
