import { useEffect, useRef, useState } from "preact/hooks";
import { listOf, withQuery } from "../api.ts";
import { useAsk, useEvery, usePage } from "../context.ts";
import type { Text } from "../i18n/words.ts";
import { Heading } from "../parts/heading.tsx";
import { ProblemLine } from "../parts/problem.tsx";
import { isolated } from "../parts/safe.ts";
import { type Column, Table } from "../parts/table.tsx";
import { Shown, Time } from "../parts/text.tsx";
import { goTo, hrefTo, parseRoute, type Route, replaceTo } from "../route.ts";
import type { RoomInfo, RoomList } from "../shapes.ts";

const SORTS = ["name", "members", "messages", "rate", "last"] as const;
type Sort = (typeof SORTS)[number];
type Order = "asc" | "desc";

const SORT_TEXT: Record<Sort, Text> = {
  name: "roomName",
  members: "members",
  messages: "messages",
  rate: "rate",
  last: "lastMessage",
};

const PAGE = 50;
/** What is typed is looked for after a pause. Milliseconds. */
const TYPING = 250;

/** Names begin with A, numbers with the largest. */
function orderOf(sort: Sort): Order {
  return sort === "name" ? "asc" : "desc";
}

export function Rooms({ route }: { route: Route }) {
  const { words, live } = usePage();
  const { query = "", after, from = "0" } = route.params;
  const sort = SORTS.find((one) => one === route.params.sort) ?? "last";
  const order: Order =
    (["asc", "desc"] as const).find((one) => one === route.params.order) ?? orderOf(sort);
  const path = withQuery("api/rooms", { query, sort, order, after, limit: PAGE });
  const asked = useAsk<RoomList>(path);
  const latest = useLatest(asked.of === path ? asked.result : undefined, path);
  const to = (params: Record<string, string | number | undefined>) => ({
    page: "rooms",
    params: { query, sort, order, ...params },
  });

  const list = asked.result;
  const shown = listOf(list?.rooms);
  // Of the rows that are shown, which are those of before while others are on their way.
  const at = useRef(0);
  if (asked.of === path) at.current = Number(from) || 0;
  const start = at.current;
  // The rows stay where they are: what is in them is as new as it can be.
  const rows = shown.map((room) => ({
    ...room,
    ...latest.rooms.get(room.room),
    ...live.rooms.get(room.room),
  }));
  return (
    <>
      <Heading>{words.text("rooms")}</Heading>
      <div class="filters">
        <Search
          query={query}
          onQuery={(next) => {
            // What was typed last may come when one is on the way to a room already.
            const { page, of } = parseRoute(location.hash);
            if (page !== "rooms" || of !== undefined) return;
            replaceTo({ page: "rooms", params: { query: next, sort, order } });
          }}
        />
        <label class="field sort-field">
          <span>{words.text("sortBy")}</span>
          <select
            data-testid="sort"
            value={`${sort} ${order}`}
            onChange={(event) => {
              const [by, way] = event.currentTarget.value.split(" ");
              goTo(to({ sort: by, order: way }));
            }}
          >
            {SORTS.flatMap((one) => {
              const first = orderOf(one);
              return [first, first === "asc" ? "desc" : "asc"].map((way) => (
                <option key={`${one} ${way}`} value={`${one} ${way}`}>
                  {words.text(SORT_TEXT[one])},{" "}
                  {words.text(way === "asc" ? "ascending" : "descending")}
                </option>
              ));
            })}
          </select>
        </label>
      </div>
      <ProblemLine problem={asked.problem} onAgain={() => void asked.reload()} />
      <p class="list-line" aria-live="polite">
        {list === undefined ? (
          asked.problem === undefined && <span class="quiet">{words.text("loading")}</span>
        ) : shown.length === 0 ? (
          <span class="quiet" data-testid="none">
            {query === ""
              ? words.text("roomsNone")
              : words.text("roomsNoMatch", { query: isolated(query) })}
          </span>
        ) : (
          <span class="quiet" data-testid="shown">
            {words.text("roomsShown", {
              from: words.number(start + 1),
              to: words.number(start + shown.length),
              total: words.number(list.total ?? start + shown.length),
            })}
          </span>
        )}
        {latest.moved && (
          <span class="moved">
            <span class="quiet">{words.text("roomsMoved")}</span>{" "}
            <button
              type="button"
              class="text-button"
              data-testid="reload"
              onClick={() => void asked.reload()}
            >
              {words.text("reload")}
            </button>
          </span>
        )}
      </p>
      {shown.length > 0 && (
        <Table
          testId="rooms"
          label={words.text("rooms")}
          rows={rows}
          keyOf={({ room }) => room}
          busy={asked.loading}
          columns={columnsOf((one) => ({
            now: sort !== one ? undefined : order === "asc" ? "ascending" : "descending",
            toggle: () => {
              const turned = order === "asc" ? "desc" : "asc";
              goTo(to({ sort: one, order: sort === one ? turned : orderOf(one) }));
            },
          }))}
        />
      )}
      <nav class="pager" aria-label={words.text("rooms")}>
        {start > 0 && (
          <>
            <a class="button" data-testid="first" href={hrefTo(to({}))}>
              {words.text("firstPage")}
            </a>
            <button
              type="button"
              class="button"
              data-testid="previous"
              onClick={() => history.back()}
            >
              {words.text("previous")}
            </button>
          </>
        )}
        {list?.next !== undefined && list.next !== "" && (
          <a
            class="button"
            data-testid="next"
            href={hrefTo(to({ after: list.next, from: start + shown.length }))}
          >
            {words.text("next")}
          </a>
        )}
      </nav>
    </>
  );

  function columnsOf(sorted: (sort: Sort) => NonNullable<Column<RoomInfo>["sort"]>) {
    const columns: Column<RoomInfo>[] = [
      {
        key: "name",
        label: words.text("roomName"),
        head: true,
        sort: sorted("name"),
        cell: (room) => <RoomName room={room} />,
      },
      {
        key: "members",
        label: words.text("members"),
        number: true,
        sort: sorted("members"),
        cell: ({ members }) => words.number(members ?? 0),
      },
      {
        key: "messages",
        label: words.text("messages"),
        number: true,
        sort: sorted("messages"),
        cell: ({ messages }) => words.number(messages ?? 0),
      },
      {
        key: "rate",
        label: words.text("rate"),
        number: true,
        sort: sorted("rate"),
        cell: ({ perMinute }) => words.rate(perMinute ?? 0),
      },
      {
        key: "files",
        label: words.text("files"),
        number: true,
        cell: ({ files, bytes }) =>
          files === undefined || files === 0
            ? "0"
            : `${words.number(files)} · ${words.bytes(bytes ?? 0)}`,
      },
      {
        key: "last",
        label: words.text("lastMessage"),
        sort: sorted("last"),
        cell: ({ lastAt }) => <Time at={lastAt} ago />,
      },
    ];
    return columns;
  }
}

/** A room's name as a link, its title, and what is special about it. */
export function RoomName({ room }: { room: RoomInfo }) {
  return (
    <>
      <a href={hrefTo({ page: "rooms", of: room.room })} data-testid="room-link">
        <Shown text={room.room} most={64} />
      </a>
      {room.title !== undefined && room.title !== "" && (
        <span class="under quiet">
          <Shown text={room.title} most={100} />
        </span>
      )}
      <Flags room={room} />
    </>
  );
}

export function Flags({ room }: { room: RoomInfo }) {
  const { words } = usePage();
  const flags: [boolean | undefined, Text][] = [
    [room.closed, "flagClosed"],
    [room.owned, "flagOwned"],
    [room.locked, "flagLocked"],
    [room.password, "flagPassword"],
    [room.inviteOnly, "flagInvite"],
    [(room.calls ?? 0) > 0, "flagCall"],
  ];
  const set = flags.filter(([on]) => on === true);
  if (set.length === 0) return null;
  return (
    <span class="flags">
      {set.map(([, text]) => (
        <span key={text} class="tag">
          {words.text(text)}
        </span>
      ))}
    </span>
  );
}

function Search({ query, onQuery }: { query: string; onQuery(query: string): void }) {
  const { words } = usePage();
  const [text, setText] = useState(query);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const sent = useRef(query);
  // Back brings what was looked for before.
  useEffect(() => {
    if (query !== sent.current) setText(query);
    sent.current = query;
  }, [query]);
  const ask = (next: string) => {
    clearTimeout(timer.current);
    sent.current = next.trim();
    onQuery(next.trim());
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <search class="search">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          ask(text);
        }}
      >
        <label class="field">
          <span>{words.text("searchRooms")}</span>
          <input
            type="search"
            data-testid="search"
            autocomplete="off"
            spellcheck={false}
            dir="auto"
            value={text}
            onInput={(event) => {
              const next = event.currentTarget.value;
              setText(next);
              clearTimeout(timer.current);
              timer.current = setTimeout(() => ask(next), TYPING);
            }}
          />
        </label>
      </form>
    </search>
  );
}

/**
 * The same list asked for from time to time: what is in its rooms now, and whether there are others
 * or in another order.
 */
function useLatest(shown: RoomList | undefined, path: string) {
  const { api } = usePage();
  const [latest, setLatest] = useState<RoomList>();
  useEffect(() => setLatest(undefined), [shown]);
  useEvery(5_000, async () => {
    if (shown === undefined) return;
    const { result } = await api.get<RoomList>(path);
    if (result !== undefined) setLatest(result);
  });
  const names = (list: RoomList) =>
    listOf(list.rooms)
      .map(({ room }) => room)
      .join("\n");
  return {
    rooms: new Map(listOf(latest?.rooms).map((room) => [room.room, room])),
    moved: latest !== undefined && shown !== undefined && names(latest) !== names(shown),
  };
}
