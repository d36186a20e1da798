import { useEffect, useState } from "preact/hooks";
import { listOf, withQuery } from "../api.ts";
import { useAsk, usePage } from "../context.ts";
import { en } from "../i18n/en.ts";
import { Heading } from "../parts/heading.tsx";
import { Loaded } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";
import { PersonName, Shown, Time } from "../parts/text.tsx";
import { goTo, hrefTo, type Route } from "../route.ts";
import type { AuditEntry } from "../shapes.ts";

const PAGE = 50;
type Filter = "room" | "actor" | "action";

/** What can be in the log, as far as this page has words for it. */
const ACTIONS = Object.keys(en)
  .filter((key) => key.startsWith("act_"))
  .map((key) => key.slice("act_".length));

/** What operators, owners and moderators did, the newest first. */
export function Audit({ route }: { route: Route }) {
  const { words } = usePage();
  const { room, actor, action, before } = route.params;
  const filters = { room, actor, action };
  const asked = useAsk<{ entries: AuditEntry[] | null; next?: string }>(
    withQuery("api/audit", { ...filters, before, limit: PAGE }),
  );
  const filtered = Boolean(room || actor || action);
  return (
    <>
      <Heading hint={words.text("auditHint")}>{words.text("audit")}</Heading>
      <FilterForm now={filters} onFilter={(params) => goTo({ page: "audit", params })} />
      <Loaded asked={asked}>
        {({ entries, next }) => {
          const all = listOf(entries);
          return (
            <>
              {all.length === 0 ? (
                <p class="quiet empty" data-testid="none">
                  {words.text(filtered || before !== undefined ? "auditNoMatch" : "auditNone")}
                </p>
              ) : (
                <Entries entries={all} />
              )}
              <nav class="pager" aria-label={words.text("audit")}>
                {before !== undefined && (
                  <a
                    class="button"
                    data-testid="newest"
                    href={hrefTo({ page: "audit", params: filters })}
                  >
                    {words.text("newest")}
                  </a>
                )}
                {next !== undefined && next !== "" && (
                  <a
                    class="button"
                    data-testid="older"
                    href={hrefTo({
                      page: "audit",
                      params: { ...filters, before: next },
                    })}
                  >
                    {words.text("older")}
                  </a>
                )}
              </nav>
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function Entries({ entries }: { entries: readonly AuditEntry[] }) {
  const { words } = usePage();
  return (
    <Table
      testId="audit"
      label={words.text("audit")}
      rows={entries}
      keyOf={({ id }) => id}
      columns={[
        { key: "at", label: words.text("auditAt"), cell: ({ at }) => <Time at={at} /> },
        {
          key: "actor",
          label: words.text("auditActor"),
          cell: ({ actor }) =>
            actor === undefined ? (
              words.text("system")
            ) : (
              <>
                <PersonName person={actor} />
                {actor.via === "operator" && (
                  <span class="tag strong">{words.text("operator")}</span>
                )}
              </>
            ),
        },
        {
          key: "action",
          label: words.text("auditAction"),
          head: true,
          cell: ({ action }) => words.maybe(`act_${action}`, action),
        },
        {
          key: "room",
          label: words.text("room"),
          cell: ({ room }) =>
            room === undefined || room === "" ? (
              "—"
            ) : (
              <a href={hrefTo({ page: "rooms", of: room })}>
                <Shown text={room} most={64} />
              </a>
            ),
        },
        {
          key: "target",
          label: words.text("auditTarget"),
          cell: (entry) => <Target entry={entry} />,
        },
        {
          key: "detail",
          label: words.text("auditDetail"),
          cell: ({ detail, node }) => (
            <>
              {detail === undefined || detail === "" ? "—" : <Shown text={detail} most={300} />}
              {node !== undefined && node !== "" && (
                <span class="under quiet">
                  {words.text("node")}: {node.slice(0, 12)}
                </span>
              )}
            </>
          ),
        },
      ]}
    />
  );
}

function Target({ entry: { target } }: { entry: AuditEntry }) {
  const { id = "", name = "" } = target ?? {};
  if (id === "" && name === "") return <>—</>;
  return (
    <>
      {name !== "" && (
        <span class="name">
          <Shown text={name} />
        </span>
      )}
      {id !== "" && (
        <span class="under id">
          <Shown text={id} most={80} />
        </span>
      )}
    </>
  );
}

interface FilterFormProps {
  now: Partial<Record<Filter, string | undefined>>;
  onFilter(filters: Record<Filter, string>): void;
}

function FilterForm({ now, onFilter }: FilterFormProps) {
  const { words } = usePage();
  const read = () => ({ room: now.room ?? "", actor: now.actor ?? "", action: now.action ?? "" });
  const [typed, setTyped] = useState(read);
  useEffect(() => setTyped(read()), [now.room, now.actor, now.action]);
  return (
    <search>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          onFilter({
            room: typed.room.trim(),
            actor: typed.actor.trim(),
            action: typed.action.trim(),
          });
        }}
      >
        {(["room", "actor"] as const).map((one) => (
          <label key={one} class="field">
            <span>{words.text(one === "room" ? "auditFilterRoom" : "auditFilterActor")}</span>
            <input
              data-testid={`filter-${one}`}
              autocomplete="off"
              spellcheck={false}
              dir="auto"
              value={typed[one]}
              onInput={(event) => setTyped({ ...typed, [one]: event.currentTarget.value })}
            />
          </label>
        ))}
        <label class="field">
          <span>{words.text("auditFilterAction")}</span>
          <select
            data-testid="filter-action"
            value={typed.action}
            onChange={(event) => setTyped({ ...typed, action: event.currentTarget.value })}
          >
            <option value="">{words.text("auditAny")}</option>
            {[...new Set([...ACTIONS, typed.action])].filter(Boolean).map((one) => (
              <option key={one} value={one}>
                {words.maybe(`act_${one}`, one)}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="button" data-testid="filter">
          {words.text("filter")}
        </button>
      </form>
    </search>
  );
}
