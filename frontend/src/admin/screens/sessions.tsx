import { useState } from "preact/hooks";
import { listOf } from "../api.ts";
import { useAsk, usePage } from "../context.ts";
import { Ask } from "../parts/ask.tsx";
import { Heading } from "../parts/heading.tsx";
import { Loaded } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";
import { Shown, Time } from "../parts/text.tsx";
import { goTo, hrefTo } from "../route.ts";
import type { SessionInfo } from "../shapes.ts";

/** One person: what is known of a session, and its end. */
export function Sessions({ id }: { id: string | undefined }) {
  const { words } = usePage();
  const [text, setText] = useState(id ?? "");
  return (
    <>
      <Heading hint={words.text("sessionsHint")}>{words.text("sessions")}</Heading>
      <search class="search wide-search">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (text.trim() !== "") goTo({ page: "sessions", of: text.trim() });
          }}
        >
          <label class="field">
            <span>{words.text("sessionId")}</span>
            <input
              data-testid="session-id"
              autocomplete="off"
              spellcheck={false}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="button" data-testid="session-find">
            {words.text("sessionFind")}
          </button>
        </form>
      </search>
      {id !== undefined && <Session id={id} />}
    </>
  );
}

function Session({ id }: { id: string }) {
  const { words, api, say } = usePage();
  const path = `api/sessions/${encodeURIComponent(id)}`;
  const asked = useAsk<SessionInfo>(path);
  const [asking, setAsking] = useState(false);
  if (asked.problem?.status === 404) {
    return (
      <p class="quiet empty" role="status" data-testid="session-none">
        {words.text("sessionNone")}
      </p>
    );
  }
  return (
    <Loaded asked={asked}>
      {(session) => {
        const rooms = listOf(session.rooms);
        return (
          <>
            <div class="panel-box session" data-testid="session">
              <h2>
                <Shown text={session.name || session.id} />
              </h2>
              <p>
                <code class="id">
                  <Shown text={session.id} most={80} />
                </code>
              </p>
              {session.signedOut === true && (
                <p class="tag strong" data-testid="session-over">
                  {words.text("sessionOver")}
                </p>
              )}
              <div class="buttons">
                <a
                  class="button"
                  href={api.url(`${path}/data`)}
                  download={`${id}.ndjson`}
                  title={words.text("sessionDataHint")}
                  data-testid="session-data"
                >
                  {words.text("sessionData")}
                </a>
                {session.signedOut !== true && (
                  <button
                    type="button"
                    class="button danger-quiet"
                    data-testid="revoke"
                    onClick={() => setAsking(true)}
                  >
                    {words.text("revoke")}
                  </button>
                )}
              </div>
            </div>
            <h2>{words.text("sessionRooms")}</h2>
            {rooms.length === 0 ? (
              <p class="quiet empty">{words.text("sessionRoomsNone")}</p>
            ) : (
              <Table
                testId="session-rooms"
                label={words.text("sessionRooms")}
                rows={rooms}
                keyOf={({ room }) => room}
                columns={[
                  {
                    key: "room",
                    label: words.text("room"),
                    head: true,
                    cell: ({ room }) => (
                      <a href={hrefTo({ page: "rooms", of: room })}>
                        <Shown text={room} most={64} />
                      </a>
                    ),
                  },
                  {
                    key: "present",
                    label: words.text("sessionPresent"),
                    cell: ({ present }) => words.text(present === true ? "yes" : "no"),
                  },
                  {
                    key: "messages",
                    label: words.text("messages"),
                    number: true,
                    cell: ({ messages }) => words.number(messages ?? 0),
                  },
                  {
                    key: "read",
                    label: words.text("sessionRead"),
                    cell: ({ readAt }) => <Time at={readAt} />,
                  },
                ]}
              />
            )}
            {asking && (
              <Ask
                title={words.text("askRevoke")}
                hint={words.text("askRevokeHint")}
                go={words.text("doRevoke")}
                danger
                onClose={() => setAsking(false)}
                onGo={async () => {
                  const { problem } = await api.send("DELETE", path);
                  if (problem === undefined) {
                    say(words.text("didRevoke"));
                    void asked.reload();
                  }
                  return problem;
                }}
              />
            )}
          </>
        );
      }}
    </Loaded>
  );
}
