import { useState } from "preact/hooks";
import { type Problem, roomPath } from "../api.ts";
import { useAsk, useKept, usePage } from "../context.ts";
import type { Text } from "../i18n/words.ts";
import { ProblemLine } from "../parts/problem.tsx";
import { Loaded } from "../parts/state.tsx";
import type { RoomRules, RoomSettings } from "../shapes.ts";

type Choice = "posting" | "history";
type Count = "slowMode" | "historyLimit" | "historyTtl" | "maxMembers";
type Switch = "inviteOnly" | "locked" | "files" | "calls" | "listed";

const CHOICES: Record<Choice, readonly string[]> = {
  posting: ["everyone", "sessions", "moderators"],
  history: ["all", "since-joined", "none"],
};

const LABEL: Record<Choice | Count | Switch | "title" | "topic", Text> = {
  title: "setTitle",
  topic: "setTopic",
  posting: "setPosting",
  history: "setHistory",
  slowMode: "setSlow",
  historyLimit: "setHistoryLimit",
  historyTtl: "setHistoryTtl",
  maxMembers: "setMaxMembers",
  inviteOnly: "setInviteOnly",
  locked: "setLocked",
  files: "setFiles",
  calls: "setCalls",
  listed: "setListed",
};

/** A room's settings: changed together, and only those that were changed. */
export function SettingsPart({ room }: { room: string }) {
  const asked = useAsk<RoomRules>(roomPath(room, "/settings"));
  const { words } = usePage();
  return (
    <Loaded asked={asked}>
      {(rules) =>
        rules.owned ? (
          <SettingsForm
            key={rules.version}
            room={room}
            rules={rules}
            tag={asked.tag}
            onDone={asked.reload}
          />
        ) : (
          <p class="quiet empty" data-testid="unowned">
            {words.text("settingsUnowned")}
          </p>
        )
      }
    </Loaded>
  );
}

interface SettingsFormProps {
  room: string;
  rules: RoomRules;
  tag: string | undefined;
  onDone(): Promise<void>;
}

/** What is to be changed: the fields that are other than they were. */
export function patchOf(before: RoomSettings, now: RoomSettings): Partial<RoomSettings> {
  const names = Object.keys(now) as (keyof RoomSettings)[];
  return Object.fromEntries(
    names.filter((name) => now[name] !== before[name]).map((name) => [name, now[name]]),
  );
}

function SettingsForm({ room, rules, tag, onDone }: SettingsFormProps) {
  const { words, api, say } = usePage();
  const [changes, setChanges] = useKept<Partial<RoomSettings>>(`settings/${room}`, {});
  const [password, setPassword] = useKept(`password/${room}`, "");
  const [problem, setProblem] = useState<Problem>();
  const [working, setWorking] = useState(false);
  const now = { ...rules.settings, ...changes };
  const set = (change: Partial<RoomSettings>) => setChanges({ ...changes, ...change });
  const { password: kept, ...rest } = now;
  const { password: had, ...restBefore } = rules.settings;
  const patch: Record<string, unknown> = {
    ...patchOf({ ...restBefore, password: had }, { ...rest, password: had }),
    ...(password !== "" ? { password } : had && !kept ? { password: null } : {}),
  };
  const changed = Object.keys(patch).length > 0;

  const save = async (event: Event) => {
    event.preventDefault();
    if (working || !changed) return;
    setWorking(true);
    const answer = await api.send<RoomRules>("PATCH", roomPath(room, "/settings"), {
      body: patch,
      headers: { "If-Match": tag ?? `"${rules.version}"` },
    });
    setWorking(false);
    setProblem(answer.problem);
    if (answer.problem === undefined) say(words.text("settingsSaved"));
    if (answer.problem === undefined || answer.problem.code === "version_mismatch") await onDone();
  };

  const text = (name: "title" | "topic", most: number) => (
    <label class="field">
      <span>{words.text(LABEL[name])}</span>
      <input
        data-testid={`set-${name}`}
        autocomplete="off"
        dir="auto"
        maxLength={most}
        placeholder={name === "title" ? room : undefined}
        value={now[name]}
        onInput={(event) => set({ [name]: event.currentTarget.value })}
      />
    </label>
  );
  const choice = (name: Choice) => (
    <label class="field">
      <span>{words.text(LABEL[name])}</span>
      <select
        data-testid={`set-${name}`}
        value={now[name]}
        onChange={(event) => set({ [name]: event.currentTarget.value })}
      >
        {[...new Set([...CHOICES[name], now[name]])].map((value) => (
          <option key={value} value={value}>
            {words.maybe(`${name}_${value}`, value)}
          </option>
        ))}
      </select>
    </label>
  );
  const count = (name: Count, most?: number) => (
    <label class="field">
      <span>{words.text(LABEL[name])}</span>
      <input
        type="number"
        inputMode="numeric"
        min={0}
        max={most}
        step={1}
        data-testid={`set-${name}`}
        value={now[name]}
        onInput={(event) => set({ [name]: event.currentTarget.valueAsNumber || 0 })}
      />
    </label>
  );
  const onOff = (name: Switch) => (
    <label class="check-field">
      <input
        type="checkbox"
        data-testid={`set-${name}`}
        checked={now[name]}
        onChange={(event) => set({ [name]: event.currentTarget.checked })}
      />
      {words.text(LABEL[name])}
    </label>
  );
  return (
    <form class="settings-form panel-box" onSubmit={save} data-testid="settings">
      {text("title", 100)}
      {text("topic", 500)}
      <div class="field">
        <label class="field">
          <span>{words.text("setPassword")}</span>
          <input
            type="password"
            autocomplete="new-password"
            data-testid="set-password"
            maxLength={128}
            aria-describedby="set-password-hint"
            disabled={had && !kept}
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        <p class="quiet small" id="set-password-hint">
          {words.text(had ? "setPasswordKeep" : "setPasswordNone")}
        </p>
        {had && (
          <label class="check-field">
            <input
              type="checkbox"
              data-testid="set-password-off"
              checked={!kept}
              onChange={(event) => {
                setPassword("");
                set({ password: !event.currentTarget.checked });
              }}
            />
            {words.text("setPasswordOff")}
          </label>
        )}
      </div>
      {choice("posting")}
      {choice("history")}
      {count("slowMode", 21_600)}
      {count("maxMembers", 100_000)}
      {count("historyLimit")}
      {count("historyTtl")}
      <div class="checks-grid">
        {onOff("inviteOnly")}
        {onOff("locked")}
        <label class="check-field">
          <input
            type="checkbox"
            data-testid="set-newcomers"
            checked={now.newcomers === "read"}
            onChange={(event) => set({ newcomers: event.currentTarget.checked ? "read" : "post" })}
          />
          {words.text("setNewcomers")}
        </label>
        {onOff("files")}
        {onOff("calls")}
        {onOff("listed")}
      </div>
      <div class="form-end">
        <ProblemLine problem={problem} />
        <button
          type="submit"
          class="button primary"
          data-testid="settings-save"
          disabled={!changed || working}
        >
          {words.text("save")}
        </button>
      </div>
    </form>
  );
}
