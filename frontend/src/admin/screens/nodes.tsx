import { usePage } from "../context.ts";
import { Bar } from "../parts/chart.tsx";
import { Table } from "../parts/table.tsx";
import { Shown, Time } from "../parts/text.tsx";
import type { NodeInfo } from "../shapes.ts";

/** The nodes of this Redis, with what each has to do. */
export function Nodes({ nodes }: { nodes: readonly NodeInfo[] }) {
  const { words } = usePage();
  if (nodes.length === 0) return <p class="quiet empty">{words.text("nodesNone")}</p>;
  const versions = new Set(nodes.map(({ version, commit }) => `${version} ${commit}`));
  const sum = (counts: Record<string, number> = {}) =>
    Object.values(counts).reduce((all, one) => all + one, 0);
  return (
    <>
      {versions.size > 1 && <p class="note">{words.text("versionsDiffer")}</p>}
      <Table
        testId="nodes"
        still
        label={words.text("nodes")}
        rows={nodes}
        keyOf={({ id }) => id}
        columns={[
          {
            key: "node",
            label: words.text("node"),
            head: true,
            cell: ({ id, self, addr }) => (
              <>
                <code>
                  <Shown text={id} most={40} />
                </code>
                {self === true && <span class="tag strong">{words.text("nodeSelf")}</span>}
                {addr !== undefined && addr !== "" && <span class="under quiet">{addr}</span>}
              </>
            ),
          },
          {
            key: "version",
            label: words.text("nodeVersion"),
            cell: ({ version, commit }) => (
              <>
                {version ?? "?"}
                {commit !== undefined && commit !== "" && (
                  <span class="under quiet">{commit.slice(0, 8)}</span>
                )}
              </>
            ),
          },
          {
            key: "up",
            label: words.text("nodeUp"),
            cell: ({ startedAt, seenAt }) => {
              const since = (Date.now() - Date.parse(startedAt ?? "")) / 1000;
              const silent = Date.now() - Date.parse(seenAt ?? "") > 25_000;
              return (
                <>
                  {Number.isNaN(since) ? "?" : words.lasting(since)}
                  {silent && (
                    <span class="under warn">
                      {words.text("nodeSeen")} <Time at={seenAt} ago />
                    </span>
                  )}
                </>
              );
            },
          },
          {
            key: "rooms",
            label: words.text("rooms"),
            number: true,
            cell: ({ rooms }) => words.number(rooms ?? 0),
          },
          {
            key: "streams",
            label: words.text("nodeStreams"),
            number: true,
            cell: ({ subscribers }) => (
              <span
                title={Object.entries(subscribers ?? {})
                  .map(([by, count]) => `${words.maybe(`by_${by}`, by)}: ${words.number(count)}`)
                  .join(", ")}
              >
                {words.number(sum(subscribers))}
              </span>
            ),
          },
          {
            key: "posts",
            label: words.text("nodePosts"),
            number: true,
            cell: ({ postsPerSecond }) => words.rate(postsPerSecond ?? 0),
          },
          {
            key: "deliveries",
            label: words.text("nodeDeliveries"),
            number: true,
            cell: ({ deliveriesPerSecond }) => words.rate(deliveriesPerSecond ?? 0),
          },
          {
            key: "memory",
            label: words.text("nodeMemory"),
            number: true,
            cell: ({ memory = 0, maxMemory = 0 }) =>
              maxMemory > 0 ? (
                <>
                  {words.text("nodeMemoryOf", {
                    used: words.bytes(memory),
                    most: words.bytes(maxMemory),
                  })}
                  <Bar share={memory / maxMemory} />
                </>
              ) : (
                words.bytes(memory)
              ),
          },
          {
            key: "cpu",
            label: words.text("nodeCpu"),
            number: true,
            cell: ({ cpu }) => (cpu === undefined || cpu < 0 ? "—" : words.percent(cpu)),
          },
          {
            key: "store",
            label: words.text("nodeStore"),
            number: true,
            cell: ({ store }) =>
              !store?.latencyP50
                ? "—"
                : words.text("milliseconds", { count: words.rate(store.latencyP50) }),
          },
        ]}
      />
    </>
  );
}
