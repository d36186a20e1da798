import { useCallback, useEffect, useState } from "preact/hooks";
import { listOf, type Problem, roomPath, withQuery } from "./api.ts";
import { usePage } from "./context.ts";
import { openStream, type StreamState } from "./live.ts";
import { EMPTY, withEarlier, withEntry } from "./log.ts";
import type { LogEntry } from "./shapes.ts";

interface Page {
  messages: LogEntry[] | null;
  cursor?: string;
  /** There are others before these. */
  more?: boolean;
}

const PAGE = 50;

/** A room's log: the last of it, more of it on demand, and what is said as it comes. */
export function useLog(room: string) {
  const { api } = usePage();
  const [log, setLog] = useState(EMPTY);
  const [loaded, setLoaded] = useState(false);
  const [more, setMore] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [state, setState] = useState<StreamState>("connecting");
  /** Counts how often the log had to be read anew. */
  const [round, setRound] = useState(0);

  const read = useCallback(
    (before?: string, signal?: AbortSignal) =>
      api.get<Page>(withQuery(roomPath(room, "/messages"), { limit: PAGE, before }), signal),
    [api, room],
  );

  useEffect(() => {
    const own = new AbortController();
    let stream: { close(): void } | undefined;
    void read(undefined, own.signal).then(({ result, problem }) => {
      if (own.signal.aborted) return;
      setProblem(problem);
      if (result === undefined) return;
      const entries = listOf(result.messages);
      setLog(withEarlier(EMPTY, entries));
      setMore(result.more === true);
      setLoaded(true);
      let after = result.cursor ?? entries.at(-1)?.id;
      stream = openStream({
        url: () => api.url(withQuery(roomPath(room, "/stream"), { after })),
        events: ["edit", "delete", "reaction", "notice", "reset"],
        onEvent(name, data) {
          if (name === "reset") {
            stream?.close();
            setRound((n) => n + 1);
            return;
          }
          const entry = data as LogEntry;
          // A stream that is opened anew goes on here: what changes a message is told once.
          if (typeof entry.id === "string") after = entry.id;
          setLog((now) => withEntry(now, entry));
        },
        onState: setState,
        onRefused: () => void api.get("api/health"),
      });
    });
    return () => {
      own.abort();
      stream?.close();
    };
  }, [api, room, read, round]);

  return {
    log,
    loaded,
    more,
    problem,
    state,
    again: () => setRound((n) => n + 1),
    async earlier() {
      const first = log.rows[0];
      if (first === undefined) return;
      const { result, problem } = await read(first.id);
      setProblem(problem);
      if (result === undefined) return;
      const entries = listOf(result.messages);
      setMore(result.more === true);
      setLog((now) => withEarlier(now, entries));
    },
  };
}
