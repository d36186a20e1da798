import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { Dialog } from "../dialog.tsx";
import { hueOf, initialsOf } from "../identity.ts";
import { normalRoom } from "../routes.ts";
import { Badge } from "./badge.tsx";
import { found } from "./jump_match.ts";
import type { Rooms } from "./rooms.ts";
import { useRoomsView } from "./rooms_view.ts";

/** Goes to one of one's rooms, or to any other, by its title or its id. */
export function Jump({ rooms, onClose }: { rooms: Rooms; onClose(): void }) {
  const { words, goTo } = usePage();
  const view = useRoomsView(rooms);
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const options = found(view.rooms, typed, normalRoom(typed));
  const at = Math.min(chosen, options.length - 1);

  // Before it is painted: what one types at once is for the field.
  useLayoutEffect(() => field.current?.focus(), []);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [at, typed]);

  const go = (room: string | undefined) => {
    if (room === undefined) return;
    goTo(room);
    onClose();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && options.length > 0) {
      event.preventDefault();
      setChosen((at + step + options.length) % options.length);
    }
    if (event.key === "Enter") {
      event.preventDefault();
      go(options[at]?.room);
    }
  };
  const problem = typed.trim() !== "" && options.length === 0;
  return (
    <Dialog title={words.text("jump")} kind="panel" testId="jump" onClose={onClose}>
      <input
        ref={field}
        data-testid="jump-input"
        role="combobox"
        aria-expanded={options.length > 0}
        aria-controls="jump-list"
        aria-activedescendant={options.length > 0 ? `jump-${at}` : undefined}
        aria-label={words.text("roomLabel")}
        aria-invalid={problem}
        aria-describedby="jump-note"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        placeholder={words.text("jumpHint")}
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <p id="jump-note" class={problem ? "problem" : "quiet small"} role="status">
        {problem ? words.text("problemRoom") : options.length === 0 ? words.text("jumpNone") : ""}
      </p>
      <div
        id="jump-list"
        class="jump-list"
        role="listbox"
        ref={list}
        aria-label={words.text("rooms")}
      >
        {options.map((option, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus
          <div
            key={option.room}
            id={`jump-${index}`}
            role="option"
            class="jump-option"
            data-testid="jump-option"
            aria-selected={index === at}
            onClick={() => go(option.room)}
            onPointerMove={() => setChosen(index)}
          >
            {option.entry === undefined ? (
              <span>{words.text("jumpOpen", { room: `\u2068${option.room}\u2069` })}</span>
            ) : (
              <>
                <span class={`avatar hue-${hueOf(option.room)}`} aria-hidden="true">
                  {initialsOf(option.entry.name)}
                </span>
                <bdi class="room-row-name">{option.entry.name}</bdi>
                {option.entry.name !== option.room && <bdi class="quiet small">{option.room}</bdi>}
                <Badge {...option.entry} />
              </>
            )}
          </div>
        ))}
      </div>
    </Dialog>
  );
}
