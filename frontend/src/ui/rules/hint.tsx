import { useEffect, useState } from "preact/hooks";
import { keepsOrder, type RoomRules } from "../../client/rules.ts";
import { usePage } from "../context.ts";
import type { Words } from "../i18n/index.ts";
import type { RoomView } from "../room_model.ts";
import { isolate } from "../rows.tsx";
import { soonText } from "../soon.ts";
import type { Muted } from "./control.ts";
import { spanText, untilText } from "./when.ts";

/** Whether one may write: yes, not yet, or not at all. */
export type Held = "no" | "wait" | "closed";

export interface HintProps {
  view: RoomView;
  rules: RoomRules | undefined;
  muted: Muted | undefined;
  onHeld(held: Held): void;
}

/** Says over the field, or in its place, why one can't write, and until when. */
export function Hint({ view, rules, muted, onHeld }: HintProps) {
  const { words } = usePage();
  const [now, setNow] = useState(Date.now);
  const why = whyHeld(view, rules, muted, now);
  useEffect(() => onHeld(why?.held ?? "no"), [why?.held]);
  useEffect(() => () => onHeld("no"), []);
  // Whoever writes begins to wait, and whoever waits sees how long.
  useEffect(() => setNow(Date.now()), [view]);
  const at = why?.changesAt;
  useEffect(() => {
    if (at === undefined) return;
    const wait = Math.min(1_000, Math.max(50, at - Date.now()));
    const timer = setTimeout(() => setNow(Date.now()), wait);
    return () => clearTimeout(timer);
  }, [at, now]);
  if (why === undefined) return null;
  return (
    <p
      class={why.held === "closed" ? "write-hint closed" : "write-hint"}
      data-testid="write-hint"
      data-held={why.held}
    >
      {/* The countdown is for the eye: a voice would say every second. */}
      <span role="status">{why.text(words)}</span>
      {why.counts !== undefined && <span aria-hidden="true"> {why.counts(words)}</span>}
    </p>
  );
}

interface Why {
  held: Held;
  text(words: Words): string;
  counts?(words: Words): string;
  /** When it is another one by the clock alone. */
  changesAt?: number;
}

export function whyHeld(
  view: RoomView,
  rules: RoomRules | undefined,
  muted: Muted | undefined,
  now: number,
): Why | undefined {
  if (muted !== undefined) {
    const ends = Date.parse(muted.until ?? "");
    if (!(ends <= now)) {
      const { until, reason, sure } = muted;
      return {
        held: until === undefined && !sure ? "no" : "closed",
        text: (words) => {
          const till =
            until === undefined
              ? words.text("writeMuted")
              : words.text("writeMutedTill", { time: untilText(words, until, now) });
          if (!reason) return till;
          return `${till} ${words.text("doorBannedReason", { reason: isolate(reason) })}`;
        },
        ...(until !== undefined && { changesAt: ends }),
      };
    }
  }
  if (rules === undefined || view.session == null) return undefined;
  const { settings, role } = rules;
  if (keepsOrder(role)) return undefined;
  if (settings.posting === "moderators") {
    return { held: "closed", text: (words) => words.text("writeModerators") };
  }
  if (settings.newcomers === "read" && role === "guest") {
    return { held: "closed", text: (words) => words.text("writeLetIn") };
  }
  const { slowMode } = settings;
  if (slowMode === 0) return undefined;
  const last = lastOwn(view);
  const next = last === undefined ? 0 : last + slowMode * 1_000;
  const waits = next > now;
  return {
    held: waits ? "wait" : "no",
    text: (words) => words.text("writeSlow", { span: spanText(words, slowMode) }),
    ...(waits && {
      counts: (words: Words) =>
        words.text("writeSlowWait", { when: soonText(words, (next - now) / 1_000) }),
      changesAt: next,
    }),
  };
}

/** When one wrote last, by what is known here. Milliseconds. */
function lastOwn({ items, posts, session }: RoomView): number | undefined {
  const waiting = posts.filter(({ state }) => state !== "refused").at(-1)?.at;
  const item = items.findLast(
    (one) => one.kind === "message" && one.message.from.id === session?.clientId,
  );
  const times = [waiting, item?.at].filter((at) => at !== undefined);
  return times.length > 0 ? Math.max(...times) : undefined;
}
