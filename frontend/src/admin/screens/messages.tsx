import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { newKey, type Problem, roomPath } from "../api.ts";
import { useKept, usePage } from "../context.ts";
import { ProblemLine } from "../parts/problem.tsx";
import { LongText, PersonName, Shown, Time } from "../parts/text.tsx";
import type { LogEntry } from "../shapes.ts";
import { useLog } from "../use_log.ts";

/** So near to the end one reads what comes. Pixels. */
const AT_END = 48;

/** What is said in a room, as it comes. Nobody sees that it is read here. */
export function Messages({ room }: { room: string }) {
  const { words } = usePage();
  const { log, loaded, more, problem, state, again, earlier } = useLog(room);
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const height = useRef(0);
  const [seen, setSeen] = useState(0);
  const first = log.rows[0]?.id;
  const before = useRef(first);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    if (atEnd.current) {
      element.scrollTop = element.scrollHeight;
      setSeen(log.news);
    } else if (before.current !== first) {
      // What came before it is above: what one reads stays where it is.
      element.scrollTop += element.scrollHeight - height.current;
    }
    before.current = first;
    height.current = element.scrollHeight;
  }, [log, loaded]);

  const toEnd = () => {
    box.current?.scrollTo({ top: box.current.scrollHeight });
    box.current?.focus();
  };
  const missed = log.news - seen;
  return (
    <>
      <ProblemLine problem={problem} onAgain={again} />
      {loaded ? (
        <div class="log-frame">
          <div
            ref={box}
            class="log"
            role="log"
            aria-label={words.text("messages")}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
            tabIndex={0}
            data-testid="log"
            data-state={state}
            onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
              atEnd.current = scrollHeight - scrollTop - clientHeight < AT_END;
              if (atEnd.current) setSeen(log.news);
            }}
          >
            {more && (
              <button
                type="button"
                class="text-button"
                data-testid="earlier"
                onClick={() => void earlier()}
              >
                {words.text("earlier")}
              </button>
            )}
            {log.rows.length === 0 && <p class="quiet empty">{words.text("emptyRoom")}</p>}
            {log.rows.map((entry) => (
              <Row key={entry.id} entry={entry} />
            ))}
          </div>
          {missed > 0 && (
            <button type="button" class="to-end" data-testid="to-end" onClick={toEnd}>
              {words.plural("newBelow", missed)}
            </button>
          )}
        </div>
      ) : (
        problem === undefined && (
          <p class="quiet empty" role="status">
            {words.text("loading")}
          </p>
        )
      )}
      <Post room={room} />
    </>
  );
}

function Row({ entry }: { entry: LogEntry }) {
  const { words } = usePage();
  if (entry.type === "notice") {
    return (
      <p class="log-notice quiet" data-testid="notice" data-id={entry.id}>
        <Time at={entry.time} /> <Notice entry={entry} />
      </p>
    );
  }
  const files = entry.files ?? [];
  return (
    <article class="log-message" data-testid="message" data-id={entry.id}>
      <p class="log-head">
        {entry.from !== undefined && <PersonName person={entry.from} />}
        <span class="quiet small">
          <Time at={entry.time} />
          {entry.editedAt !== undefined && ` · ${words.text("edited")}`}
        </span>
      </p>
      {entry.deleted === true ? (
        <p class="quiet">{words.text("deletedMessage")}</p>
      ) : (
        entry.text !== undefined && entry.text !== "" && <LongText text={entry.text} />
      )}
      {files.length > 0 && (
        <ul class="log-files small">
          {files.map((file, index) => (
            <li key={index}>
              <Shown text={file.name ?? "?"} />{" "}
              <span class="quiet">{words.bytes(file.size ?? 0)}</span>
            </li>
          ))}
        </ul>
      )}
      {(entry.reactions ?? []).length > 0 && (
        <p class="log-reactions small">
          {entry.reactions?.map(({ emoji, count }) => (
            <span key={emoji} class="tag">
              {emoji} {words.number(count)}
            </span>
          ))}
        </p>
      )}
    </article>
  );
}

/** The room's own word, as the log has it. */
function Notice({ entry }: { entry: LogEntry }) {
  const { words } = usePage();
  const what = words.maybe(`what_${entry.what}`, entry.what ?? "");
  return (
    <>
      {entry.from !== undefined && <PersonName person={entry.from} />} {what}
      {entry.member !== undefined && (
        <>
          {" "}
          <PersonName person={entry.member} />
        </>
      )}
      {entry.role !== undefined && ` (${words.maybe(`role_${entry.role}`, entry.role)})`}
      {(entry.changed ?? []).length > 0 && ` (${entry.changed?.join(", ")})`}
      {entry.text !== undefined && entry.text !== "" && <LongText text={entry.text} />}
    </>
  );
}

function Post({ room }: { room: string }) {
  const { words, api } = usePage();
  // Sent again after a failure it is the same message, by its key.
  const [{ text, key }, setDraft] = useKept(`post/${room}`, { text: "", key: "" });
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const send = async (event?: Event) => {
    event?.preventDefault();
    if (working || text.trim() === "") return;
    setWorking(true);
    const answer = await api.send("POST", roomPath(room, "/messages"), {
      body: { text, key },
    });
    setWorking(false);
    setProblem(answer.problem);
    if (answer.problem === undefined) setDraft({ text: "", key: "" });
  };
  return (
    <form class="post" onSubmit={send}>
      <ProblemLine problem={problem} />
      <label class="sr" for="post-text">
        {words.text("postLabel")}
      </label>
      <textarea
        id="post-text"
        rows={2}
        dir="auto"
        data-testid="post-text"
        placeholder={words.text("postLabel")}
        value={text}
        onInput={(event) => setDraft({ text: event.currentTarget.value, key: newKey() })}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          void send();
        }}
      />
      <button
        type="submit"
        class="button primary"
        data-testid="post"
        disabled={working || text.trim() === ""}
      >
        {words.text("post")}
      </button>
    </form>
  );
}
