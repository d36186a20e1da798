import { roomPath } from "../api.ts";
import { useKept, usePage } from "../context.ts";
import type { Text } from "../i18n/words.ts";
import { Ask } from "../parts/ask.tsx";
import { isolated } from "../parts/safe.ts";
import type { Person } from "../shapes.ts";

export type Deed = "mute" | "remove" | "ban";

const TEXTS: Record<Deed, { ask: Text; hint: Text; go: Text; did: Text }> = {
  mute: { ask: "askMute", hint: "askMuteHint", go: "doMute", did: "didMute" },
  remove: { ask: "askRemove", hint: "askRemoveHint", go: "doRemove", did: "didRemove" },
  ban: { ask: "askBan", hint: "askBanHint", go: "doBan", did: "didBan" },
};

/** Seconds; 0 has no end. */
const SPANS = [600, 3_600, 86_400, 604_800, 0];
const DELETED = 600;

interface AskAboutProps {
  room: string;
  deed: Deed;
  person: Person;
  onDone(): void;
  onClose(): void;
}

/** Something that is done about a member: for how long, and why. */
export function AskAbout({ room, deed, person, onDone, onClose }: AskAboutProps) {
  const { words, api, say } = usePage();
  const [terms, setTerms] = useKept(`${deed}/${room}/${person.id}`, {
    span: deed === "ban" ? 86_400 : 3_600,
    reason: "",
    clear: false,
  });
  const { span, reason, clear } = terms;
  const texts = TEXTS[deed];
  const name = isolated(person.name ?? person.id);
  const go = async () => {
    const { problem } = await api.send(
      "POST",
      roomPath(room, `/members/${encodeURIComponent(person.id)}/${deed}`),
      {
        body: {
          ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
          ...(deed === "remove" || span === 0 ? {} : { for: span }),
          ...(deed === "ban" && clear ? { deleteMessages: DELETED } : {}),
        },
      },
    );
    if (problem === undefined) {
      say(words.text(texts.did, { name }));
      onDone();
    }
    return problem;
  };
  return (
    <Ask
      title={words.text(texts.ask, { name })}
      hint={words.text(texts.hint)}
      go={words.text(texts.go)}
      danger
      onClose={onClose}
      onGo={go}
    >
      {deed !== "remove" && (
        <label class="field">
          <span>{words.text("askFor")}</span>
          <select
            data-testid="ask-for"
            value={String(span)}
            onChange={(event) => setTerms({ ...terms, span: Number(event.currentTarget.value) })}
          >
            {SPANS.map((seconds) => (
              <option key={seconds} value={String(seconds)}>
                {seconds === 0 ? words.text("forEver") : words.span(seconds)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label class="field">
        <span>{words.text("askReason")}</span>
        <input
          data-testid="ask-reason"
          autocomplete="off"
          maxLength={300}
          dir="auto"
          aria-describedby="ask-reason-hint"
          value={reason}
          onInput={(event) => setTerms({ ...terms, reason: event.currentTarget.value })}
        />
      </label>
      <p class="quiet small" id="ask-reason-hint">
        {words.text("askReasonHint")}
      </p>
      {deed === "ban" && (
        <label class="check-field">
          <input
            type="checkbox"
            data-testid="ask-delete"
            checked={clear}
            onChange={(event) => setTerms({ ...terms, clear: event.currentTarget.checked })}
          />
          {words.text("askDelete")}
        </label>
      )}
    </Ask>
  );
}
