import { useEffect, useRef, useState } from "preact/hooks";
import { START, seqOf } from "../client/index.ts";
import { usePage } from "./context.ts";
import { problemText } from "./problems.ts";
import { withoutMarks } from "./text/typed.ts";
import type { MessageRow, Row } from "./timeline.ts";

/** With more of them at once their number is said. */
const MOST_AT_ONCE = 3;
/** What was said is taken away again, so that nobody finds it twice. Milliseconds. */
const KEPT = 10_000;

/**
 * What a screen reader says by itself: each message of others once, when it comes, with its author
 * and without its time; and that one's own was refused. The log is no live region: the past, earlier
 * pages, edits and reactions are read by who goes there.
 */
export function Heard({ rows, loaded }: { rows: readonly Row[]; loaded: boolean }) {
  const { words } = usePage();
  const [lines, setLines] = useState<{ n: number; text: string }[]>([]);
  /** The last entry that needs no saying; undefined while the past is told. */
  const said = useRef<number | undefined>(undefined);
  const refused = useRef(new Set<string>());
  const count = useRef(0);

  useEffect(() => {
    const messages = rows.filter((row): row is MessageRow => row.kind === "message" && !row.folded);
    const newest = messages.findLast((row) => row.id !== undefined)?.id;
    const before = said.current;
    said.current = loaded ? seqOf(newest ?? START) : undefined;
    const failed = messages.filter((row) => row.state === "refused");
    const known = refused.current;
    refused.current = new Set(failed.map((row) => row.rowKey));
    // What is there when one comes is not news, nor is what follows while one looks elsewhere.
    if (before === undefined || document.hidden) return;
    const fresh = messages.filter(({ id, own }) => !own && id !== undefined && seqOf(id) > before);
    const texts =
      fresh.length > MOST_AT_ONCE
        ? [words.plural("newBelow", fresh.length)]
        : fresh.map(({ from, text }) => `${from.name}: ${withoutMarks(text)}`);
    for (const { rowKey, problem } of failed) {
      if (known.has(rowKey)) continue;
      const why = problem === undefined ? "" : `. ${problemText(words, problem)}`;
      texts.push(words.text("refused") + why);
    }
    if (texts.length === 0) return;
    setLines((lines) => [...lines, ...texts.map((text) => ({ n: count.current++, text }))]);
  }, [rows, loaded]);

  useEffect(() => {
    if (lines.length === 0) return;
    const timer = setTimeout(() => setLines([]), KEPT);
    return () => clearTimeout(timer);
  }, [lines]);

  return (
    <div class="sr" aria-live="polite" aria-relevant="additions" data-testid="heard">
      {lines.map(({ n, text }) => (
        <p key={n}>{text}</p>
      ))}
    </div>
  );
}
