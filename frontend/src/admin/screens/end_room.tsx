import { useState } from "preact/hooks";
import { roomPath } from "../api.ts";
import { usePage } from "../context.ts";
import { Ask } from "../parts/ask.tsx";
import { isolated } from "../parts/safe.ts";

interface EndProps {
  room: string;
  onDone(): void;
  onClose(): void;
}

export function AskClear({ room, onDone, onClose }: EndProps) {
  const { words, api, say } = usePage();
  return (
    <Ask
      title={words.text("askClear", { room: isolated(room) })}
      hint={words.text("askClearHint")}
      go={words.text("doClear")}
      danger
      onClose={onClose}
      onGo={async () => {
        const { problem } = await api.send("DELETE", roomPath(room, "/messages"));
        if (problem === undefined) {
          say(words.text("didClear"));
          onDone();
        }
        return problem;
      }}
    />
  );
}

/** What is for good asks for the room's name. */
export function AskClose({ room, onDone, onClose }: EndProps) {
  const { words, api, say } = usePage();
  const [typed, setTyped] = useState("");
  return (
    <Ask
      title={words.text("askClose", { room: isolated(room) })}
      hint={words.text("askCloseHint")}
      go={words.text("doClose")}
      danger
      ready={typed.trim().normalize("NFC").toLocaleLowerCase() === room}
      onClose={onClose}
      onGo={async () => {
        const { problem } = await api.send("DELETE", roomPath(room));
        if (problem === undefined) {
          say(words.text("didClose", { room: isolated(room) }));
          onDone();
        }
        return problem;
      }}
    >
      <label class="field">
        <span>{words.text("typeName")}</span>
        <input
          data-testid="type-name"
          autocomplete="off"
          spellcheck={false}
          dir="auto"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
    </Ask>
  );
}
