import { useEffect, useRef, useState } from "preact/hooks";
import { type Problem, START, seqOf } from "../client/index.ts";
import { usePage } from "./context.ts";
import { textOf } from "./conversation/talk.ts";
import { ProblemText } from "./parts.ts";
import { withoutMarks } from "./text/typed.ts";
import type { MessageRow, Row } from "./timeline.ts";

/** With more of them at once their number is said. */
const MOST_AT_ONCE = 3;
/** What was said is taken away again, so that nobody finds it twice. Milliseconds. */
const KEPT = 10_000;

interface Line {
  text: string;
  /** Why it is so. */
  problem?: Problem | undefined;
}

/**
 * What a screen reader says by itself: each message of others once, when it comes, with its author
 * and without its time; and that one's own was refused. The log is no live region: the past, earlier
 * pages, edits and reactions are read by who goes there.
 */
export function Heard({ rows, loaded }: { rows: readonly Row[]; loaded: boolean }) {
  const { words } = usePage();
  const [lines, setLines] = useState<(Line & { n: number })[]>([]);
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
    const news: Line[] =
      fresh.length > MOST_AT_ONCE
        ? [{ text: words.plural("newBelow", fresh.length) }]
        : fresh.map((row) => ({ text: `${row.from.name}: ${withoutMarks(textOf(row))}` }));
    for (const { rowKey, problem } of failed) {
      if (!known.has(rowKey)) news.push({ text: words.text("refused"), problem });
    }
    if (news.length === 0) return;
    setLines((lines) => [...lines, ...news.map((line) => ({ ...line, n: count.current++ }))]);
  }, [rows, loaded]);

  useEffect(() => {
    if (lines.length === 0) return;
    const timer = setTimeout(() => setLines([]), KEPT);
    return () => clearTimeout(timer);
  }, [lines]);

  return (
    <div class="sr" aria-live="polite" aria-relevant="additions" data-testid="heard">
      {lines.map(({ n, text, problem }) => (
        <p key={n}>
          {text}
          {problem && (
            <>
              . <ProblemText problem={problem} />
            </>
          )}
        </p>
      ))}
    </div>
  );
}
