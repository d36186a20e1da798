import { useState } from "preact/hooks";
import { listOf, type Problem, roomPath } from "../api.ts";
import { useAsk, usePage } from "../context.ts";
import { ProblemLine } from "../parts/problem.tsx";
import { isolated } from "../parts/safe.ts";
import { Loaded } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";
import { PersonName, Shown, Time } from "../parts/text.tsx";
import type { BanInfo } from "../shapes.ts";

export function Bans({ room }: { room: string }) {
  const { words, api, say } = usePage();
  const asked = useAsk<{ bans: BanInfo[] | null }>(roomPath(room, "/bans"));
  const [problem, setProblem] = useState<Problem>();
  const lift = async ({ id, member }: BanInfo) => {
    const answer = await api.send("DELETE", roomPath(room, `/bans/${encodeURIComponent(id)}`));
    // Somebody else has lifted it, or it is over.
    const gone = answer.problem?.status === 404;
    setProblem(gone ? undefined : answer.problem);
    if (answer.problem === undefined) {
      say(words.text("didUnban", { name: isolated(member.name ?? member.id) }));
    }
    await asked.reload();
  };
  return (
    <>
      <ProblemLine problem={problem} />
      <Loaded asked={asked}>
        {({ bans }) => {
          const all = listOf(bans);
          if (all.length === 0) return <p class="quiet empty">{words.text("bansNone")}</p>;
          return (
            <Table
              testId="bans"
              label={words.text("bans")}
              rows={all}
              keyOf={({ id }) => id}
              columns={[
                {
                  key: "name",
                  label: words.text("banWho"),
                  head: true,
                  cell: ({ member, network }) => (
                    <>
                      <PersonName person={member} />
                      {network === true && (
                        <span class="under quiet">{words.text("banNetwork")}</span>
                      )}
                    </>
                  ),
                },
                {
                  key: "reason",
                  label: words.text("askReason"),
                  cell: ({ reason = "" }) =>
                    reason === "" ? "—" : <Shown text={reason} most={300} />,
                },
                {
                  key: "by",
                  label: words.text("banBy"),
                  cell: ({ by }) => (by === undefined ? "—" : <PersonName person={by} />),
                },
                {
                  key: "at",
                  label: words.text("banAt"),
                  cell: ({ at }) => <Time at={at} />,
                },
                {
                  key: "until",
                  label: words.text("banUntil"),
                  cell: ({ until }) =>
                    until === undefined ? words.text("forEver") : <Time at={until} />,
                },
                {
                  key: "actions",
                  label: words.text("actions"),
                  cell: (ban) => (
                    <button
                      type="button"
                      class="text-button"
                      data-testid="unban"
                      aria-label={words.text("unbanOf", {
                        name: isolated(ban.member.name ?? ban.member.id),
                      })}
                      onClick={() => void lift(ban)}
                    >
                      {words.text("unban")}
                    </button>
                  ),
                },
              ]}
            />
          );
        }}
      </Loaded>
    </>
  );
}
