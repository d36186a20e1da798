import { useState } from "preact/hooks";
import type { Problem } from "../../client/index.ts";
import { keepsOrder, type Settings, type SettingsPatch } from "../../client/rules.ts";
import { usePage } from "../context.ts";
import { CheckBoxLine, ChoiceLine, TextLine } from "./lines.tsx";
import { PasswordLine } from "./password_line.tsx";
import { RefusalLine } from "./refusal_line.tsx";
import type { PageProps, RoomPage } from "./room_dialog.tsx";
import { spanText } from "./when.ts";

/** What a moderator may change, too. */
const MODERATED: ReadonlySet<keyof Settings> = new Set([
  "topic",
  "slowMode",
  "locked",
  "newcomers",
]);

const SLOW = [0, 5, 10, 30, 60, 300, 900, 3_600];
/** 0 is what the server has by itself. */
const LIMITS = [0, 10, 50, 100];
const TTLS = [0, 3_600, 86_400];
const MEMBERS = [0, 2, 5, 10, 25, 50, 100, 500];

/** The settings: one line for each, saved at once, and undone by the same control. */
export function SettingsPage({ control, goTo, room }: PageProps) {
  const { words } = usePage();
  const [problem, setProblem] = useState<Problem>();
  const [saved, setSaved] = useState<keyof Settings>();
  const { known } = control;
  if (known === undefined) return <p role="status">{words.text("claimWorking")}</p>;
  const { settings, role } = known;
  const keeps = keepsOrder(role);
  const owner = role === "owner";
  const may = (name: keyof Settings) => owner || (keeps && MODERATED.has(name));

  const save = async (patch: SettingsPatch) => {
    setSaved(undefined);
    setProblem(undefined);
    const { problem } = await control.change(patch);
    // Somebody else was first: what is shown is theirs now.
    if (problem?.code === "version_mismatch") await control.calls.read();
    setProblem(problem);
    if (problem === undefined) setSaved(Object.keys(patch)[0] as keyof Settings);
    return problem === undefined;
  };
  const line = (name: keyof Settings) => ({
    testId: `set-${name}`,
    saved: saved === name,
  });
  /** The value that is set is among the choices, whoever set it. */
  const among = (choices: readonly number[], value: number) =>
    [...new Set([...choices, value])].sort((a, b) => a - b);
  if (!keeps) return <About title={settings.title || room} topic={settings.topic} />;
  const pages: [RoomPage, boolean][] = [
    ["invites", true],
    ["bans", true],
    ["reports", true],
    ["programs", owner],
    ["webhooks", owner && document.querySelector('meta[name="caller-webhooks"]') !== null],
    ["owner", owner],
    ["clear", owner],
    ["close", owner],
  ];
  return (
    <>
      <RefusalLine problem={problem} testId="settings-problem" />
      <p class="sr" role="status">
        {saved !== undefined && words.text("setSaved")}
      </p>
      <div class="setting-lines">
        {may("title") && (
          <TextLine
            {...line("title")}
            label={words.text("setTitle")}
            value={settings.title}
            placeholder={room}
            most={80}
            onSave={(title) => save({ title })}
          />
        )}
        {may("topic") && (
          <TextLine
            {...line("topic")}
            label={words.text("setTopic")}
            value={settings.topic}
            most={300}
            onSave={(topic) => save({ topic })}
          />
        )}
        {may("password") && (
          <PasswordLine
            saved={saved === "password"}
            set={settings.password}
            onSave={(password) => save({ password })}
          />
        )}
        {may("inviteOnly") && (
          <CheckBoxLine
            {...line("inviteOnly")}
            label={words.text("setInviteOnly")}
            value={settings.inviteOnly}
            onSave={(inviteOnly) => save({ inviteOnly })}
          />
        )}
        <CheckBoxLine
          {...line("locked")}
          label={words.text("setLocked")}
          value={settings.locked}
          onSave={(locked) => save({ locked })}
        />
        <CheckBoxLine
          {...line("newcomers")}
          label={words.text("setNewcomers")}
          value={settings.newcomers === "read"}
          onSave={(read) => save({ newcomers: read ? "read" : "post" })}
        />
        {may("posting") && (
          <ChoiceLine
            {...line("posting")}
            label={words.text("setPosting")}
            value={settings.posting}
            choices={[
              ["everyone", words.text("setPostingEveryone")],
              ["sessions", words.text("setPostingSessions")],
              ["moderators", words.text("setPostingModerators")],
            ]}
            onSave={(posting) => save({ posting: posting as Settings["posting"] })}
          />
        )}
        <ChoiceLine
          {...line("slowMode")}
          label={words.text("setSlow")}
          value={String(settings.slowMode)}
          choices={among(SLOW, settings.slowMode).map((s) => [
            String(s),
            s === 0 ? words.text("setOff") : spanText(words, s),
          ])}
          onSave={(slowMode) => save({ slowMode: Number(slowMode) })}
        />
        {owner && (
          <>
            <ChoiceLine
              {...line("history")}
              label={words.text("setHistory")}
              value={settings.history}
              choices={[
                ["all", words.text("setHistoryAll")],
                ["since-joined", words.text("setHistorySince")],
                ["none", words.text("setHistoryNone")],
              ]}
              onSave={(history) => save({ history: history as Settings["history"] })}
            />
            <ChoiceLine
              {...line("historyLimit")}
              label={words.text("setHistoryLimit")}
              value={String(settings.historyLimit)}
              choices={among(LIMITS, settings.historyLimit).map((n) => [
                String(n),
                n === 0 ? words.text("setByServer") : words.number(n),
              ])}
              onSave={(limit) => save({ historyLimit: Number(limit) })}
            />
            <ChoiceLine
              {...line("historyTtl")}
              label={words.text("setHistoryTtl")}
              value={String(settings.historyTtl)}
              choices={among(TTLS, settings.historyTtl).map((s) => [
                String(s),
                s === 0 ? words.text("setByServer") : spanText(words, s),
              ])}
              onSave={(ttl) => save({ historyTtl: Number(ttl) })}
            />
            <ChoiceLine
              {...line("maxMembers")}
              label={words.text("setMaxMembers")}
              value={String(settings.maxMembers)}
              choices={among(MEMBERS, settings.maxMembers).map((n) => [
                String(n),
                n === 0 ? words.text("setNoLimit") : words.number(n),
              ])}
              onSave={(most) => save({ maxMembers: Number(most) })}
            />
            <CheckBoxLine
              {...line("calls")}
              label={words.text("setCalls")}
              value={settings.calls}
              onSave={(calls) => save({ calls })}
            />
            <CheckBoxLine
              {...line("files")}
              label={words.text("setFiles")}
              value={settings.files}
              onSave={(files) => save({ files })}
            />
            <CheckBoxLine
              {...line("listed")}
              label={words.text("setListed")}
              value={settings.listed}
              onSave={(listed) => save({ listed })}
            />
          </>
        )}
      </div>
      {!owner && <p class="quiet small">{words.text("setOnlyOwner")}</p>}
      <div class="setting-pages">
        {pages
          .filter(([, shown]) => shown)
          .map(([page]) => (
            <button
              key={page}
              type="button"
              class={page === "clear" || page === "close" ? "choice bad" : "choice"}
              data-testid={`open-${page}`}
              onClick={() => goTo(page)}
            >
              {words.text(PAGE_TEXT[page])}
            </button>
          ))}
      </div>
    </>
  );
}

const PAGE_TEXT: Record<RoomPage, Parameters<ReturnType<typeof usePage>["words"]["text"]>[0]> = {
  settings: "roomSettings",
  mine: "roomMine",
  invites: "invites",
  bans: "bans",
  reports: "reports",
  programs: "programs",
  webhooks: "webhooks",
  owner: "ownerLink",
  clear: "roomClear",
  close: "roomClose",
};

/** For who decides nothing here: what the room is about. */
function About({ title, topic }: { title: string; topic: string }) {
  return (
    <div data-testid="room-about">
      <h3>
        <bdi>{title}</bdi>
      </h3>
      {topic !== "" && <p dir="auto">{topic}</p>}
    </div>
  );
}
