import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Cursor } from "../client/index.ts";
import { usePage } from "./context.ts";
import { around, drawnOf, FIRST, moved, type Range, rangeOf, WINDOW } from "./drawn.ts";
import type { EarlierState } from "./earlier.ts";
import { afterFrame } from "./frame.ts";
import { Heard } from "./heard.tsx";
import type { Signs } from "./list_buttons.tsx";
import { Place } from "./list_place.ts";
import { ListButtons } from "./parts.ts";
import type { ListPlace } from "./room_model.ts";
import { AnyRow, type RowProps } from "./rows.tsx";
import { foreignAfter, isForeign, type MessageRow, type Row, seqOfRow } from "./timeline.ts";

export interface MessageListProps extends Omit<RowProps, "row"> {
  rows: readonly Row[];
  /** The past has been told. */
  loaded: boolean;
  earlier: EarlierState;
  /** Nothing is kept of what was here. */
  lost: boolean;
  /** The message that a link leads to; a new object for each time. */
  linked?: { id: Cursor } | undefined;
  /** Where one was when the list was shown last, and where one comes; undefined at its end. */
  before?: ListPlace | undefined;
  onPlace(place: ListPlace | undefined): void;
  onEarlier(): void;
  /** The newest message is in view, or is not any more. */
  onAtEnd(atEnd: boolean): void;
  /** One has seen all up to this message. */
  onRead(id: Cursor): void;
}

/** So much is drawn above and below what one sees. Pixels. */
const AHEAD = 1_000;
/** So much is kept there, once it is drawn. Pixels. */
const KEPT = 1_500;
/** Earlier messages are asked for this near to the top. Pixels. */
const EARLIER_AT = 800;
/** How long drawing some rows more may take: it must not be felt while one scrolls. Milliseconds. */
const STEP_WITHIN = 6;
/** Rows that are drawn at once then. */
const LEAST = 2;

interface Jump {
  key: string;
  where: "top" | "middle" | number;
  /** The message that gets the focus, when somebody asked for the jump. */
  focus?: string;
}

/** The log. It stays at its end if one was there; else what one reads stays where it is. */
export function MessageList(props: MessageListProps) {
  const { rows, loaded, earlier, lost, linked, before, onPlace, ...calls } = props;
  const { onEarlier, onAtEnd, onRead, onRetry, onDiscard } = calls;
  const { words } = usePage();
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const place = useRef<Place | undefined>(undefined);
  const jump = useRef<Jump | undefined>(undefined);
  const opened = useRef(false);
  const [range, setAnyRange] = useState<Range>({});
  const [settled, setSettled] = useState(false);
  const [signs, setSigns] = useState<Signs>({
    away: false,
    below: 0,
    lineAbove: false,
    mentions: 0,
  });
  /** The last message that one has seen, and the last when one came; mentions and lines seen. */
  const seen = useRef({ upTo: -1, since: -1, rows: new Set<string>() });
  const step = useRef({ rows: LEAST, began: 0, asked: false });

  // Where one is now, before this drawing moves anything.
  place.current?.look();
  const atEnd = place.current?.following ?? true;
  const { from, to } = drawnOf(rows, range, atEnd);
  const shown = rows.slice(from, to);
  const newest = rows.findLast((row) => row.kind === "message");
  const newestEntry = rows.findLast((row) => seqOfRow(row) >= 0);
  const writes = newest?.kind === "message" && newest.own && newest.state === "waiting";
  const line = rows.findIndex((row) => row.kind === "unread");

  const setRange = (next: Range) => {
    if (next.first !== range.first || next.last !== range.last) setAnyRange(next);
  };
  const jumpTo = (to: Jump) => {
    jump.current = to;
    const index = rows.findIndex((row) => row.rowKey === to.key);
    if (follow() || index < 0) return look();
    setRange(around(rows, index));
  };
  const toLatest = () => {
    if (place.current === undefined) return;
    jump.current = undefined;
    place.current.cut = false;
    place.current.toEnd();
    if (to < rows.length) setRange(rangeOf(rows, rows.length - FIRST, rows.length));
    else look();
  };
  const toUnread = () => {
    const mark = rows[line];
    const first = rows[line + 1];
    if (mark === undefined || first === undefined) return;
    jumpTo({ key: mark.rowKey, where: "top", focus: first.rowKey });
  };
  // The same element for the same row: what did not change is not even looked at while one scrolls.
  const elements = useRef({ words, onRetry, onDiscard, of: new Map<Row, VNode>() });
  const elementsOf = (shown: readonly Row[]) => {
    const old = elements.current;
    const same = old.words === words && old.onRetry === onRetry && old.onDiscard === onDiscard;
    const of = new Map<Row, VNode>();
    for (const row of shown) {
      const known = same ? old.of.get(row) : undefined;
      const actions = { onRetry, onDiscard };
      of.set(row, known ?? <AnyRow key={row.rowKey} row={row} {...actions} />);
    }
    elements.current = { words, onRetry, onDiscard, of };
    return [...of.values()];
  };
  const seeing = useRef(() => {});
  seeing.current = () => look();
  const shortcut = useRef(toUnread);
  shortcut.current = toUnread;
  const mentions = rows.filter(
    (row): row is MessageRow =>
      row.kind === "message" &&
      row.mentioned === true &&
      seqOfRow(row) > seen.current.since &&
      !seen.current.rows.has(row.rowKey),
  );
  const toMention = () => {
    const last = mentions.at(-1);
    if (last !== undefined) jumpTo({ key: last.rowKey, where: "middle", focus: last.rowKey });
  };

  // A message of one's own brings one to the end.
  useLayoutEffect(() => {
    if (writes) toLatest();
  }, [newest?.rowKey, writes]);

  useLayoutEffect(() => {
    if (box.current === null || list.current === null) return;
    place.current ??= new Place(box.current, list.current);
    place.current.cut = to < rows.length;
    if (!opened.current && loaded) {
      opened.current = true;
      const read = rows.slice(0, Math.max(0, line)).findLast((row) => seqOfRow(row) >= 0);
      seen.current.upTo = seqOfRow(line < 0 ? newestEntry : read);
      seen.current.since = seen.current.upTo;
      const unread = rows[line];
      // A link is followed below.
      if (unread !== undefined && linked === undefined) {
        jump.current = { key: unread.rowKey, where: "top" };
        if (line < from) setRange(around(rows, line));
      } else if (before !== undefined && linked === undefined) {
        const index = rows.findIndex(({ rowKey }) => rowKey === before.rowKey);
        if (index >= 0) jump.current = { key: before.rowKey, where: before.top };
        if (index >= 0 && index < from) setRange(around(rows, index));
      }
    }
    // The log began again.
    const top = seqOfRow(newestEntry);
    if (loaded && top < seen.current.upTo) seen.current.upTo = seen.current.since = -1;
    follow();
    place.current.settle();
    look();
    // What counts from the end until now is named, before the end moves on.
    if (settled && rows.length > 0) setRange(rangeOf(rows, from, to));
    const { began } = step.current;
    if (began > 0) {
      const took = Math.max(1, performance.now() - began);
      const { rows } = step.current;
      const next = took > STEP_WITHIN ? (rows * STEP_WITHIN) / took : rows + 1;
      step.current.rows = Math.max(LEAST, Math.min(4 * LEAST, next));
      step.current.began = 0;
    }
  });

  useLayoutEffect(() => {
    if (!loaded || linked === undefined) return;
    const row = rows.find((row) => row.kind === "message" && row.id === linked.id);
    if (row !== undefined) jumpTo({ key: row.rowKey, where: "middle", focus: row.rowKey });
  }, [loaded, linked]);

  useEffect(() => {
    if (box.current === null || list.current === null) return;
    if (typeof ResizeObserver === "undefined") return;
    // Pictures, edits, a turned phone: whatever gets another size.
    const observer = new ResizeObserver(() => {
      // What was drawn is settled already.
      if (place.current?.stale !== true) return;
      place.current.settle();
      seeing.current();
    });
    observer.observe(box.current);
    observer.observe(list.current);
    return () => observer.disconnect();
  }, []);

  // First a screenful, then the rest, a few rows at a time.
  useEffect(() => {
    if (!loaded || settled) return;
    const done = from === 0 || to - from >= WINDOW;
    const go = () => (done ? setSettled(true) : setRange(rangeOf(rows, from - stepRows(), to)));
    const timer = setTimeout(go, 0);
    return () => clearTimeout(timer);
  }, [loaded, settled, from, to]);

  useEffect(() => {
    const onVisible = () => seeing.current();
    const onKey = (event: KeyboardEvent) => {
      const { altKey, ctrlKey, metaKey, shiftKey, code } = event;
      if (code !== "KeyU" || !altKey || ctrlKey || metaKey || shiftKey) return;
      event.preventDefault();
      shortcut.current();
    };
    document.addEventListener("visibilitychange", onVisible);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      document.removeEventListener("keydown", onKey);
    };
  }, []);

  const stepRows = () => {
    step.current.began = performance.now();
    return Math.round(step.current.rows);
  };

  /** What is to be drawn instead, when one comes near to what is not, or when too much is. */
  const missing = (n = 1): Range | undefined => {
    const { current } = box;
    if (!settled || current === null || current.clientHeight === 0) return undefined;
    if (place.current === undefined) return undefined;
    const above = current.scrollTop;
    const below = current.scrollHeight - above - current.clientHeight;
    const up = from > 0 && above < AHEAD;
    const down = !up && to < rows.length && below < AHEAD;
    if (from === 0 && above < EARLIER_AT && earlier === "more") onEarlier();
    // Nor does anything go that is selected: one wants to copy it.
    const all = place.current.following || list.current?.contains(selected()) === true;
    const kept = all ? { from: 0, to: to - from } : place.current.near(KEPT);
    const near = { from: from + kept.from, to: from + kept.to };
    const next = moved({ from, to, up, down, near }, n, rows.length);
    return next.from === from && next.to === to ? undefined : rangeOf(rows, next.from, next.to);
  };
  // By the time of the frame something else may be drawn.
  const grow = useRef(() => {});
  grow.current = () => {
    const next = missing(stepRows());
    if (next !== undefined) setRange(next);
  };
  const more = () => {
    if (step.current.asked || missing() === undefined) return;
    step.current.asked = true;
    afterFrame(() => {
      step.current.asked = false;
      grow.current();
    });
  };

  /** Goes to the row that is to be shown, once it is drawn. */
  const follow = (): boolean => {
    const wanted = jump.current;
    const index = wanted === undefined ? -1 : rows.findIndex((r) => r.rowKey === wanted.key);
    const row = list.current?.children[index - from];
    if (wanted === undefined || index < from || !(row instanceof HTMLElement)) return false;
    jump.current = undefined;
    place.current?.goTo(row, wanted.where);
    const focused = rows.findIndex((r) => r.rowKey === wanted.focus) - from;
    const message = list.current?.children[focused];
    if (!(message instanceof HTMLElement)) return true;
    for (const old of list.current?.querySelectorAll("[data-linked]") ?? []) {
      old.removeAttribute("data-linked");
    }
    message.dataset.linked = "";
    message.focus({ preventScroll: true });
    return true;
  };

  /** What is to be seen now, and what the buttons have to say then. */
  const look = () => {
    if (!loaded || place.current === undefined) return;
    const { following } = place.current;
    const end = following && to === rows.length;
    const marks = seen.current;
    const visible = place.current.visible();
    if (!document.hidden) {
      const seenRows = visible && rows.slice(from + visible.first, from + visible.last + 1);
      for (const row of seenRows ?? []) {
        if (row.kind === "unread" || (row.kind === "message" && row.mentioned)) {
          marks.rows.add(row.rowKey);
        }
      }
      const last = end ? newestEntry : seenRows?.findLast((row) => seqOfRow(row) >= 0);
      if (last?.kind === "message" && last.id !== undefined && seqOfRow(last) > marks.upTo) {
        marks.upTo = seqOfRow(last);
        onRead(last.id);
      }
    }
    const unread = rows[line];
    const next: Signs = {
      away: !end,
      below: end ? 0 : foreignAfter(rows, marks.upTo),
      lineAbove:
        unread !== undefined &&
        !marks.rows.has(unread.rowKey) &&
        visible !== undefined &&
        line < from + visible.first,
      mentions: mentions.filter(({ rowKey }) => !marks.rows.has(rowKey)).length,
    };
    onAtEnd(end);
    const { rowKey } = rows[from + (visible?.first ?? 0)] ?? {};
    const stand = !end && visible && rowKey ? { rowKey, top: visible.top } : undefined;
    if (!jump.current) onPlace(stand);
    if (Object.entries(next).some(([name, value]) => signs[name as keyof Signs] !== value)) {
      setSigns(next);
    }
    more();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "End" || event.target !== box.current) return;
    event.preventDefault();
    toLatest();
    const all = list.current?.querySelectorAll<HTMLElement>(".message");
    all?.[all.length - 1]?.focus();
  };

  return (
    <div class="log-frame">
      <Heard rows={rows} loaded={loaded} />
      <div
        class="log"
        ref={box}
        role="log"
        aria-live="off"
        aria-busy={!settled}
        aria-label={words.text("messages")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        tabIndex={0}
        onScroll={() => {
          place.current?.look();
          look();
        }}
        onKeyDown={onKeyDown}
      >
        <div class="log-content">
          {settled && from === 0 && earlier === "failed" && (
            <button type="button" class="text-button centred" onClick={onEarlier}>
              {words.text("earlierFailed")}
            </button>
          )}
          {loaded && rows.every((row) => row.kind !== "message") && (
            <div class="empty">
              <p class="empty-title">{words.text(lost ? "allLost" : "emptyRoom")}</p>
              <p class="quiet">{words.text("emptyRoomHint")}</p>
            </div>
          )}
          {earlier === "loading" && (
            <p class="earlier" aria-hidden="true">
              {words.text("loadingEarlier")}
            </p>
          )}
          <div ref={list}>{elementsOf(shown)}</div>
        </div>
      </div>
      {(signs.away || signs.lineAbove || signs.mentions > 0) && (
        <ListButtons
          signs={signs}
          unread={line < 0 ? 0 : rows.slice(line).filter(isForeign).length}
          onUnread={toUnread}
          onMention={toMention}
          onLatest={toLatest}
        />
      )}
    </div>
  );
}

/** Where what is selected begins, if anything is. */
function selected(): Node | null {
  const selection = document.getSelection();
  return selection === null || selection.isCollapsed ? null : selection.anchorNode;
}
