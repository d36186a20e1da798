import { usePage } from "./context.ts";
import { Message, type MessageProps } from "./message.tsx";
import { PresenceLine } from "./parts.ts";
import { Folded, NoticeLine } from "./rules/parts.ts";
import type { Row } from "./timeline.ts";

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
      return (
        <p class="presence">
          <PresenceLine row={row} />
          {"\u200b" /* so high it is before that is there */}
        </p>
      );
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

/** Unicode isolates: a right-to-left name in a sentence turns nothing around it. */
export function isolate(name: string): string {
  return `\u2068${name}\u2069`;
}
