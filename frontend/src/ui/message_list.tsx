import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Person } from "../client/index.ts";
import { usePage } from "./context.ts";
import type { Words } from "./i18n/index.ts";
import { DownIcon } from "./icons.tsx";
import { Message } from "./message.tsx";
import type { PresenceRow, Row } from "./timeline.ts";

export interface MessageListProps {
  rows: readonly Row[];
  loaded: boolean;
  onRetry(key: string): void;
  onDiscard(key: string): void;
  /** The newest message is in view. */
  onReadAll(): void;
}

/**
 * Rows that are drawn before anything shows: a screenful, so that it shows at once on a slow phone.
 */
const FIRST = 30;
/** Rows that are drawn then, and how many more each time one reaches the top. */
const WINDOW = 300;
const MORE = 200;
/** What is left above the line that marks where one left off. Pixels. */
const GAP = 16;
/** This near to the end is at the end. Pixels. */
const NEAR = 48;

/** The log region. It stays at the end if one was there, and stays still if one was not. */
export function MessageList({ rows, loaded, onRetry, onDiscard, onReadAll }: MessageListProps) {
  const { words } = usePage();
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const opened = useRef(false);
  const height = useRef(0);
  const [size, setSize] = useState(FIRST);
  const [away, setAway] = useState(false);
  /** Foreign messages there were when one left the end. */
  const [seen, setSeen] = useState(0);

  const foreign = rows.reduce((n, row) => n + (row.kind === "message" && !row.own ? 1 : 0), 0);
  const newest = rows.findLast((row) => row.kind === "message");
  const newestKey = newest?.rowKey;
  const newestIsOwn = newest?.kind === "message" && newest.own && newest.state === "waiting";
  const line = rows.findIndex((row) => row.kind === "unread");
  // The line that marks where one left off is always drawn, with what was before it.
  const shown = rows.slice(-Math.max(size, line < 0 ? 0 : rows.length - line + FIRST));
  const hidden = rows.length - shown.length;

  const toEnd = () => {
    const box = scroller.current;
    if (box !== null) box.scrollTop = box.scrollHeight;
  };

  // A message of one's own brings one to the end.
  useLayoutEffect(() => {
    if (newestIsOwn) {
      atEnd.current = true;
      setAway(false);
      toEnd();
    }
  }, [newestKey, newestIsOwn]);

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    if (!opened.current && loaded) {
      opened.current = true;
      const mark = box.querySelector(".unread");
      toEnd();
      if (mark !== null) {
        // Not scrollIntoView: that would move the page as well.
        box.scrollTop += mark.getBoundingClientRect().top - box.getBoundingClientRect().top - GAP;
        setSeen(foreignBefore(rows));
      }
      atEnd.current = isAtEnd(box);
      setAway(!atEnd.current);
    } else if (atEnd.current) {
      toEnd();
    }
    if (atEnd.current && loaded && !document.hidden) onReadAll();
  });

  useEffect(() => {
    if (!loaded || size >= WINDOW) return;
    const timer = setTimeout(() => grow(WINDOW), 0);
    return () => clearTimeout(timer);
  }, [loaded, size]);

  // Rows that were drawn above must not push down what is being read.
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box !== null && !atEnd.current && height.current > 0) {
      box.scrollTop += box.scrollHeight - height.current;
    }
    height.current = 0;
  }, [size]);

  useEffect(() => {
    const box = scroller.current;
    if (box === null || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => {
      if (atEnd.current) toEnd();
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  const grow = (to: number) => {
    height.current = scroller.current?.scrollHeight ?? 0;
    setSize(to);
  };
  const showMore = () => grow(size + MORE);

  const onScroll = () => {
    const box = scroller.current;
    if (box === null) return;
    const end = isAtEnd(box);
    if (end !== atEnd.current) {
      atEnd.current = end;
      setAway(!end);
      setSeen(foreign);
      if (end) onReadAll();
    }
    if (box.scrollTop < 200 && hidden > 0 && height.current === 0) showMore();
  };

  const fresh = away ? Math.max(0, foreign - seen) : 0;
  return (
    <div class="log-frame">
      <div
        class="log"
        ref={scroller}
        role="log"
        aria-live="polite"
        aria-busy={!loaded}
        aria-label={words.text("messages")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        tabIndex={0}
        onScroll={onScroll}
      >
        <div class="log-content">
          {hidden > 0 && (
            <button type="button" class="text-button centred" onClick={showMore}>
              {words.text("showEarlier")}
            </button>
          )}
          {loaded && rows.every((row) => row.kind !== "message") && (
            <div class="empty">
              <p class="empty-title">{words.text("emptyRoom")}</p>
              <p class="quiet">{words.text("emptyRoomHint")}</p>
            </div>
          )}
          {shown.map((row) => (
            <AnyRow key={row.rowKey} row={row} onRetry={onRetry} onDiscard={onDiscard} />
          ))}
        </div>
      </div>
      {away && (
        <button
          type="button"
          class="to-end"
          data-testid="to-end"
          aria-label={fresh > 0 ? undefined : words.text("toEnd")}
          onClick={() => {
            atEnd.current = true;
            setAway(false);
            toEnd();
          }}
        >
          {fresh > 0 && words.plural("newBelow", fresh)}
          <DownIcon />
        </button>
      )}
    </div>
  );
}

type AnyRowProps = Pick<MessageListProps, "onRetry" | "onDiscard"> & { row: Row };

function AnyRow({ row, onRetry, onDiscard }: AnyRowProps) {
  const { words } = usePage();
  switch (row.kind) {
    case "message":
      return (
        <Message row={row} language={words.language} onRetry={onRetry} onDiscard={onDiscard} />
      );
    case "presence":
      return <Presence row={row} />;
    case "day":
      return (
        <p class="day">
          <span>{words.day(row.at, Date.now())}</span>
        </p>
      );
    case "unread":
      return (
        <p class="unread">
          <span>{words.text("newHere")}</span>
        </p>
      );
  }
}

/** Who came and went, in one quiet line; a crowd is counted. */
function Presence({ row }: { row: PresenceRow }) {
  const { words } = usePage();
  const lines = [
    row.joined.length > 0 && presenceText(words, "joined", row.joined),
    row.left.length > 0 && presenceText(words, "left", row.left),
  ];
  return <p class="presence">{lines.filter(Boolean).join(" · ")}</p>;
}

const MOST_NAMES = 3;

function presenceText(words: Words, type: "joined" | "left", people: Person[]): string {
  if (people.length > 2 * MOST_NAMES) {
    return words.plural(type === "joined" ? "joinedMany" : "leftMany", people.length);
  }
  const names = people.slice(0, MOST_NAMES).map(({ name }) => isolate(name));
  const more = people.length - names.length;
  if (more > 0) names.push(words.plural("andMore", more));
  return words.plural(type, people.length, { names: words.list(names) });
}

/** Unicode isolates: a right-to-left name in a sentence turns nothing around it. */
export function isolate(name: string): string {
  return `\u2068${name}\u2069`;
}

/** Foreign messages that were read before. */
function foreignBefore(rows: readonly Row[]): number {
  const line = rows.findIndex((row) => row.kind === "unread");
  return rows.slice(0, line).filter((row) => row.kind === "message" && !row.own).length;
}

function isAtEnd(box: HTMLElement): boolean {
  return box.scrollHeight - box.scrollTop - box.clientHeight <= NEAR;
}
