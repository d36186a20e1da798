import { useState } from "preact/hooks";
import type { Cursor, Person, Problem } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { Dialog } from "../dialog.tsx";
import { isolate } from "../rows.tsx";
import { useMedia } from "../use_media.ts";
import type { Control } from "./control.ts";
import { RefusalLine } from "./refusal_line.tsx";
import { doneOf } from "./undo.tsx";

/** What is asked before it is done to somebody. */
export type Asked =
  | { kind: "remove" | "mute" | "ban" | "give"; person: Person }
  | { kind: "report"; message: Cursor };

export interface AskProps {
  asked: Asked;
  control: Control;
  say(text: string): void;
  onClose(): void;
}

const MINUTE = 60;
const DAY = 86_400;
/** How long it holds, in seconds; 0 has no end. */
const SPANS = [
  ["forMinutes", 10 * MINUTE],
  ["forHour", 60 * MINUTE],
  ["forDay", DAY],
  ["forWeek", 7 * DAY],
  ["forEver", 0],
] as const;
const MOST_DELETED = 10 * MINUTE;
/** As the server has it. Characters. */
const LONGEST_REASON = 300;

const TITLE = {
  remove: "askRemove",
  mute: "askMute",
  ban: "askBan",
  give: "askGive",
  report: "askReport",
} as const;
const HINT = {
  remove: "askRemoveHint",
  mute: "askMuteHint",
  ban: "askBanHint",
  give: "askGiveHint",
  report: "askReportHint",
} as const;
const DO = {
  remove: "doRemove",
  mute: "doMute",
  ban: "doBan",
  give: "doGive",
  report: "doReport",
} as const;

/** Asks for how long and why, and does it. */
export function Ask({ asked, control, say, onClose }: AskProps) {
  const { words } = usePage();
  const narrow = useMedia("(max-width: 599px)");
  const [span, setSpan] = useState(asked.kind === "mute" ? 10 * MINUTE : DAY);
  const [reason, setReason] = useState("");
  const [deletes, setDeletes] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const { kind } = asked;
  const name = kind === "report" ? "" : isolate(asked.person.name);
  const lasts = kind === "mute" || kind === "ban";

  const send = () => {
    const { calls } = control;
    const why = reason.trim() === "" ? {} : { reason: reason.trim() };
    const how = { ...why, ...(span > 0 && { for: span }) };
    switch (asked.kind) {
      case "remove":
        return calls.remove(asked.person.id, why.reason);
      case "mute":
        return calls.mute(asked.person.id, how);
      case "ban":
        return calls.ban(asked.person.id, {
          ...how,
          ...(deletes && { deleteMessages: MOST_DELETED }),
        });
      case "give":
        return calls.setRole(asked.person.id, "owner");
      case "report":
        return calls.report(asked.message, reason.trim());
    }
  };
  const act = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    const answer = await send();
    setBusy(false);
    if (answer.problem !== undefined) return setProblem(answer.problem);
    onClose();
    if (kind === "report") say(words.text("reported"));
    control.did(doneOf(words, control, asked, deletes));
  };
  return (
    <Dialog
      title={words.text(TITLE[kind], { name })}
      kind={narrow ? "sheet" : "panel"}
      testId={`ask-${kind}`}
      onClose={onClose}
    >
      <form class="ask" onSubmit={act}>
        <p class="quiet">{words.text(HINT[kind], { name })}</p>
        {lasts && (
          <label class="setting">
            <span>{words.text("askFor")}</span>
            <select
              data-testid="ask-for"
              value={String(span)}
              onChange={(event) => setSpan(Number(event.currentTarget.value))}
            >
              {SPANS.map(([text, seconds]) => (
                <option key={text} value={String(seconds)}>
                  {words.text(text)}
                </option>
              ))}
            </select>
          </label>
        )}
        {kind !== "give" && (
          <label class="field">
            <span>{words.text("askReason")}</span>
            {kind !== "report" && <span class="quiet small">{words.text("askReasonHint")}</span>}
            <input
              data-testid="ask-reason"
              autocomplete="off"
              maxLength={LONGEST_REASON}
              dir="auto"
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          </label>
        )}
        {kind === "ban" && (
          <label class="setting">
            <span>{words.text("askDelete")}</span>
            <input
              type="checkbox"
              data-testid="ask-delete"
              checked={deletes}
              onChange={(event) => setDeletes(event.currentTarget.checked)}
            />
          </label>
        )}
        <RefusalLine problem={problem} />
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={onClose}>
            {words.text("cancel")}
          </button>
          <button
            type="submit"
            class={kind === "report" ? "button primary" : "button danger"}
            data-first
            data-testid="ask-do"
            disabled={busy}
          >
            {words.text(DO[kind])}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
