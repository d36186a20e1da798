import { useEffect, useState } from "preact/hooks";
import { listOf } from "../api.ts";
import { useAsk, useEvery, usePage } from "../context.ts";
import { Chart } from "../parts/chart.tsx";
import { Heading } from "../parts/heading.tsx";
import { Figure, guestsOf, Loaded } from "../parts/state.tsx";
import type { Health, NodeInfo, Stats } from "../shapes.ts";
import { Nodes } from "./nodes.tsx";

/** How many of the last figures the chart has: ten minutes of them. */
const SAMPLES = 300;

/** All of it at a glance: totals, how it is, and the nodes. */
export function Overview() {
  const { words, live } = usePage();
  const stats = useAsk<Stats>("api/stats");
  const health = useAsk<Health>("api/health");
  const nodes = useAsk<{ nodes: NodeInfo[] | null }>("api/nodes");
  useEvery(5_000, () => {
    void nodes.reload();
    void health.reload();
    if (live.state !== "live") void stats.reload();
  });
  return (
    <>
      <Heading>{words.text("overview")}</Heading>
      <Loaded asked={stats}>{(first) => <Totals stats={live.stats ?? first} />}</Loaded>
      <h2>{words.text("health")}</h2>
      <Loaded asked={health}>{(result) => <Checks health={result} />}</Loaded>
      <h2>{words.text("nodes")}</h2>
      <Loaded asked={nodes}>{(result) => <Nodes nodes={listOf(result.nodes)} />}</Loaded>
    </>
  );
}

function Totals({ stats }: { stats: Stats }) {
  const { words } = usePage();
  const [past, setPast] = useState<readonly number[]>([]);
  const rate = stats.postsPerMinute ?? 0;
  // By the clock: the server is quiet while nothing changes.
  const sample = () => setPast((before) => [...before.slice(1 - SAMPLES), rate]);
  useEffect(sample, []);
  useEvery(2_000, sample);
  const n = (value: number | undefined) => words.number(value ?? 0);
  return (
    <>
      <dl class="figures" data-testid="totals">
        <Figure
          testId="total-active"
          label={words.text("activeRooms")}
          value={n(stats.activeRooms)}
          note={words.plural("roomsOf", stats.rooms)}
        />
        <Figure
          testId="total-members"
          label={words.text("members")}
          value={n(stats.members)}
          note={guestsOf(words, stats.guests)}
        />
        <Figure label={words.text("subscribers")} value={n(stats.subscribers)} />
        <Figure label={words.text("messagesKept")} value={n(stats.messagesKept)} />
        <Figure label={words.text("ownedRooms")} value={n(stats.owned)} />
        <Figure
          label={words.text("files")}
          value={n(stats.files?.count)}
          note={words.bytes(stats.files?.bytes ?? 0)}
        />
      </dl>
      <div class="panel-box rate-box">
        <p class="rate-words">
          <span class="quiet">{words.text("perMinute")}</span>
          <span class="figure-value" data-testid="total-rate">
            {words.number(rate)}
          </span>
        </p>
        <Chart
          values={past}
          label={words.text("perMinuteChart", {
            now: words.number(rate),
            most: words.number(Math.max(0, ...past)),
          })}
        />
      </div>
    </>
  );
}

function Checks({ health }: { health: Health }) {
  const { words } = usePage();
  const checks = Object.entries(health.checks ?? {});
  const good = checks.every(([, { ok }]) => ok);
  return (
    <div class="panel-box" data-testid="health" data-good={good}>
      <p class={good ? "check good" : "check bad"}>
        <span class="shape" aria-hidden="true" />
        {words.text(good ? "healthGood" : "healthBad")}
      </p>
      <ul class="checks">
        {checks.map(([name, { ok, took }]) => (
          <li key={name} class={ok ? "check good" : "check bad"}>
            <span class="shape" aria-hidden="true" />
            {words.maybe(`check_${name}`, name)}
            <span class="quiet small">
              {words.text(ok ? "checkGood" : "checkBad")}
              {took !== undefined &&
                ` · ${words.text("milliseconds", { count: words.rate(took) })}`}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
