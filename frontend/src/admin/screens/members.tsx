import { useState } from "preact/hooks";
import { listOf, roomPath } from "../api.ts";
import { useAsk, useEvery, useKept, usePage } from "../context.ts";
import { isolated } from "../parts/safe.ts";
import { Loaded } from "../parts/state.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { PersonName, Shown, Time } from "../parts/text.tsx";
import { hrefTo } from "../route.ts";
import type { MemberInfo, Person } from "../shapes.ts";
import { AskAbout, type Deed } from "./ask_about.tsx";

/** How many are shown at first: a room may have thousands. */
const FIRST = 100;

export function Members({ room, owned }: { room: string; owned: boolean }) {
  const { words } = usePage();
  const asked = useAsk<{ members: MemberInfo[] | null }>(roomPath(room, "/members"));
  const [query, setQuery] = useState("");
  const [most, setMost] = useState(FIRST);
  useEvery(3_000, () => void asked.reload());
  return (
    <Loaded asked={asked}>
      {({ members }) => {
        const all = listOf(members);
        if (all.length === 0) return <p class="quiet empty">{words.text("membersNone")}</p>;
        const sought = query.trim().toLocaleLowerCase();
        const found = all.filter(
          ({ name = "", id }) => name.toLocaleLowerCase().includes(sought) || id.includes(sought),
        );
        return (
          <>
            {!owned && (
              <p class="quiet note-line" data-testid="members-unowned">
                {words.text("membersUnowned")}
              </p>
            )}
            {all.length > 10 && (
              <label class="field narrow-field">
                <span>{words.text("memberFilter")}</span>
                <input
                  type="search"
                  data-testid="member-filter"
                  autocomplete="off"
                  dir="auto"
                  value={query}
                  onInput={(event) => setQuery(event.currentTarget.value)}
                />
              </label>
            )}
            {found.length === 0 ? (
              <p class="quiet empty">
                {words.text("memberNoMatch", { query: isolated(query.trim()) })}
              </p>
            ) : (
              <MemberTable
                room={room}
                owned={owned}
                members={found.slice(0, most)}
                onDone={asked.reload}
              />
            )}
            {found.length > most && (
              <button
                type="button"
                class="button"
                data-testid="members-more"
                onClick={() => setMost(most + 10 * FIRST)}
              >
                {words.text("more")}
              </button>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

interface MemberTableProps {
  room: string;
  /** Somebody owns the room, so that it has rules. */
  owned: boolean;
  members: readonly MemberInfo[];
  onDone(): void;
}

function MemberTable({ room, owned, members, onDone }: MemberTableProps) {
  const { words } = usePage();
  const [asking, setAsking] = useKept<{ deed: Deed; person: Person } | undefined>(
    `asking/${room}`,
    undefined,
  );
  const actions: Column<MemberInfo> = {
    key: "actions",
    label: words.text("actions"),
    cell: (member) => (
      <fieldset
        class="row-actions"
        aria-label={words.text("actionsFor", { name: isolated(member.name ?? member.id) })}
      >
        {(["mute", "remove", "ban"] as const).map((deed) => (
          <button
            key={deed}
            type="button"
            class="text-button"
            data-testid={`member-${deed}`}
            onClick={() => setAsking({ deed, person: member })}
          >
            {words.text(deed)}
          </button>
        ))}
      </fieldset>
    ),
  };
  return (
    <>
      <Table
        testId="members"
        label={words.text("members")}
        rows={members}
        keyOf={({ id }) => id}
        columns={[
          {
            key: "name",
            label: words.text("roomName"),
            head: true,
            cell: (member) => (
              <>
                <PersonName person={member} />
                <a
                  class="under id"
                  href={hrefTo({ page: "sessions", of: member.id })}
                  data-testid="member-session"
                >
                  <Shown text={member.id} most={40} />
                </a>
              </>
            ),
          },
          {
            key: "by",
            label: words.text("memberTransport"),
            cell: ({ transport = "" }) => words.maybe(`by_${transport}`, transport),
          },
          {
            key: "since",
            label: words.text("memberSince"),
            cell: ({ joinedAt }) => <Time at={joinedAt} />,
          },
          {
            key: "node",
            label: words.text("memberNode"),
            cell: ({ node = "" }) => <code>{node.slice(0, 12)}</code>,
          },
          ...(owned ? [actions] : []),
        ]}
      />
      {asking !== undefined && (
        <AskAbout
          room={room}
          deed={asking.deed}
          person={asking.person}
          onDone={onDone}
          onClose={() => setAsking(undefined)}
        />
      )}
    </>
  );
}
