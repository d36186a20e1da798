import type { Person } from "../client/index.ts";
import { usePage } from "./context.ts";
import type { Words } from "./i18n/index.ts";
import { isolate } from "./rows.tsx";
import { MOST_NAMED, type PresenceRow } from "./timeline.ts";

/** Says who came and went. */
export function PresenceLine({ row }: { row: PresenceRow }) {
  const { words } = usePage();
  return <>{presenceText(words, row)}</>;
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
