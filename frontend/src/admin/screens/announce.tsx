import { newKey } from "../api.ts";
import { useKept, usePage } from "../context.ts";
import { Ask } from "../parts/ask.tsx";
import { Heading } from "../parts/heading.tsx";
import { LongText } from "../parts/text.tsx";

const EMPTY = { text: "", some: false, names: "", key: "" };

/** A word to everybody. */
export function Announce() {
  const { words, api, say } = usePage();
  const [{ text, some, names, key }, setDraft] = useKept("announce", EMPTY);
  const [asking, setAsking] = useKept("announce/asking", false);
  const change = (by: Partial<typeof EMPTY>) => setDraft({ text, some, names, key, ...by });
  const rooms = [...new Set(names.split(/[\s,]+/).filter((name) => name !== ""))];
  const ready = text.trim() !== "" && (!some || rooms.length > 0);
  return (
    <>
      <Heading hint={words.text("announceHint")}>{words.text("announce")}</Heading>
      <form
        class="panel-box form"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) setAsking(true);
        }}
      >
        <label class="field">
          <span>{words.text("announceText")}</span>
          <textarea
            rows={4}
            dir="auto"
            data-testid="announce-text"
            value={text}
            onInput={(event) => change({ text: event.currentTarget.value, key: newKey() })}
          />
        </label>
        <fieldset class="choices">
          <legend>{words.text("announceWhere")}</legend>
          {[false, true].map((value) => (
            <label key={String(value)} class="check-field">
              <input
                type="radio"
                name="where"
                data-testid={value ? "announce-some" : "announce-all"}
                checked={some === value}
                onChange={() => change({ some: value })}
              />
              {words.text(value ? "announceSome" : "announceAll")}
            </label>
          ))}
        </fieldset>
        {some && (
          <label class="field">
            <span>{words.text("announceRooms")}</span>
            <textarea
              rows={4}
              data-testid="announce-rooms"
              spellcheck={false}
              value={names}
              onInput={(event) => change({ names: event.currentTarget.value })}
            />
          </label>
        )}
        <div class="form-end">
          <button type="submit" class="button primary" data-testid="announce-go" disabled={!ready}>
            {words.text("announceGo")}
          </button>
        </div>
      </form>
      {asking && (
        <Ask
          title={words.text("askAnnounce")}
          hint={some ? words.plural("askAnnounceSome", rooms.length) : words.text("askAnnounceAll")}
          go={words.text("doAnnounce")}
          onClose={() => setAsking(false)}
          onGo={async () => {
            const { result, problem } = await api.send<{ rooms?: number; failed?: number }>(
              "POST",
              "api/announce",
              {
                body: { text: text.trim(), ...(some ? { rooms } : {}) },
                // Said again after a failure it is the same announcement: no room is told twice.
                headers: { "Idempotency-Key": key },
              },
            );
            if (problem !== undefined) return problem;
            const failed = result.failed ?? 0;
            say(
              [
                words.plural("didAnnounce", result.rooms ?? 0),
                failed > 0 && words.plural("announceFailed", failed),
              ]
                .filter(Boolean)
                .join(" "),
            );
            if (failed === 0) change({ text: "" });
            return undefined;
          }}
        >
          <blockquote class="quote">
            <LongText text={text.trim()} />
          </blockquote>
        </Ask>
      )}
    </>
  );
}
