import type { Person } from "../client/index.ts";
import { usePage } from "./context.ts";
import type { Words } from "./i18n/index.ts";
import { Message, type MessageProps } from "./message.tsx";
import { Folded, NoticeLine } from "./rules/parts.ts";
import { MOST_NAMED, type PresenceRow, type Row } from "./timeline.ts";

export type RowProps = Omit<MessageProps, "row" | "language"> & { row: Row };

/** One row of the log: one element. */
export function AnyRow({ row, ...actions }: RowProps) {
  const { words } = usePage();
  switch (row.kind) {
    case "message":
      return row.folded ? (
        <Folded row={row} {...actions} />
      ) : (
        <Message row={row} language={words.language} {...actions} />
      );
    case "notice":
      return (
        <p class="presence" data-testid="notice-line">
          <NoticeLine notice={row.notice} />
        </p>
      );
    case "presence":
      return <p class="presence">{presenceText(words, row)}</p>;
    case "day":
      return (
        <h2 class="day">
          <span>{words.day(row.at, Date.now())}</span>
        </h2>
      );
    case "unread":
      return <h3 class="unread">{words.text("newHere")}</h3>;
  }
}

/** Who came and went, in one quiet line; a crowd is counted, or just many. */
export function presenceText(words: Words, row: PresenceRow): string {
  return [
    sideText(words, "joined", row.joined, row.moreJoined),
    sideText(words, "left", row.left, row.moreLeft),
  ]
    .filter(Boolean)
    .join(" · ");
}

const NAMES = MOST_NAMED / 2;

function sideText(words: Words, type: "joined" | "left", people: Person[], more: number): string {
  if (more > 0 && people.length + more > MOST_NAMED) {
    return words.text(type === "joined" ? "joinedCrowd" : "leftCrowd");
  }
  if (people.length > MOST_NAMED) {
    return words.plural(type === "joined" ? "joinedMany" : "leftMany", people.length);
  }
  if (people.length === 0) return "";
  const names = people.slice(0, NAMES).map(({ name }) => isolate(name));
  const others = people.length - names.length;
  if (others > 0) names.push(words.plural("andMore", others));
  return words.plural(type, people.length, { names: words.list(names) });
}

/** Unicode isolates: a right-to-left name in a sentence turns nothing around it. */
export function isolate(name: string): string {
  return `\u2068${name}\u2069`;
}
