import type { ComponentProps } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { End, Problem } from "../../client/index.ts";
import { keyOf } from "../../client/rules.ts";
import { usePage } from "../context.ts";
import { NamePrompt } from "../name_prompt.tsx";
import type { RoomModel, RoomView } from "../room_model.ts";
import { isolate } from "../rows.tsx";
import { soonText } from "../soon.ts";
import { type Control, useControl } from "./control.ts";
import { refusalOf, seconds } from "./refusal.ts";
import { keepSecret, secretOf } from "./secret.ts";
import { untilText } from "./when.ts";

export interface DoorProps {
  room: string;
  model: RoomModel;
  view: RoomView;
}

/** Stands where one writes, or reads, when one is not in the room: why, and what can be done. */
export function Door({ room, model, view }: DoorProps) {
  const { ended, loaded } = view;
  const closed = ended && <Closed room={room} model={model} view={view} end={ended} />;
  // Where nothing of the room is shown, it stands in its place.
  return loaded ? closed : <div class="log-frame outside">{closed}</div>;
}

function Closed({ room, model, view, end }: DoorProps & { end: End }) {
  const { words, goTo } = usePage();
  const control = useControl(model, room);
  const box = useRef<HTMLDivElement>(null);
  const { problem } = end;
  const code = problem?.code;
  const nameless = view.session === null;
  const secret = secretOf(room);
  const { entering } = control;
  useEffect(() => void control.redeem(), [control, view.session, secret]);
  useLayoutEffect(() => {
    if (document.activeElement === document.body) box.current?.focus({ preventScroll: true });
  }, []);

  const again = () => {
    control.forgetEntering();
    model.restart();
  };
  const needsName =
    nameless &&
    (secret !== undefined || code === "password_required" || code === "invite_required");
  const door = doorOf(end);
  return (
    <div class="closed-door" ref={box} tabIndex={-1} data-testid="door" data-code={code}>
      <div role="alert">
        <h2>{words.text(secret !== undefined && needsName ? "doorInvited" : door.title)}</h2>
        {door.hint !== undefined && !needsName && <p class="quiet">{words.text(door.hint)}</p>}
        {code === "banned" && <Banned problem={problem} />}
        {code === "removed" && <Reason of={problem} />}
        {problem?.field === "room" && <p class="quiet">{words.text("problemRoom")}</p>}
      </div>
      {code === "removed" && <RemovedFor until={problem?.until} />}
      {needsName ? (
        <>
          <p class="quiet">{words.text("doorNameFirst")}</p>
          <NamePrompt
            reads={false}
            signIn={(name) => model.client.signIn(name)}
            onDone={() => undefined}
          />
        </>
      ) : entering?.state === "working" ? (
        <p role="status">{words.text("doorEntering")}</p>
      ) : (
        <>
          <EnteringProblem control={control} />
          {code === "password_required" && <PasswordForm control={control} />}
          {code === "invite_required" && <InviteForm room={room} control={control} />}
        </>
      )}
      <div class="buttons">
        {door.again !== undefined && (
          <button type="button" class="button primary" data-testid="door-again" onClick={again}>
            {words.text(door.again)}
          </button>
        )}
        <button type="button" class="button" data-testid="door-start" onClick={() => goTo()}>
          {words.text("backToStart")}
        </button>
      </div>
    </div>
  );
}

type TextKey = Parameters<ReturnType<typeof usePage>["words"]["text"]>[0];

interface DoorText {
  title: TextKey;
  hint?: TextKey;
  /** What tries again: nothing does so by itself. */
  again?: TextKey;
}

function doorOf({ kind, problem }: End): DoorText {
  switch (problem?.code) {
    case "password_required":
      return { title: "doorPasswordTitle" };
    case "invite_required":
      return { title: "doorInviteTitle", hint: "doorInviteHint" };
    case "locked":
      return { title: "doorLockedTitle", hint: "doorLockedHint", again: "doorAgain" };
    case "full":
      return { title: "doorFullTitle", hint: "doorFullHint", again: "doorAgain" };
    case "banned":
      return { title: "doorBannedTitle", again: "doorAgain" };
    case "removed":
      return { title: "doorRemovedTitle", hint: "doorRemovedHint", again: "doorRemovedBack" };
    case "room_closed":
      return { title: "doorClosedTitle", hint: "doorClosedHint" };
  }
  if (kind === "left") return { title: "endedLeft", again: "reconnect" };
  if (kind === "forbidden") return { title: "endedForbidden", again: "reconnect" };
  return { title: "endedRefused", again: "reconnect" };
}

function Banned({ problem }: { problem: Problem | undefined }) {
  const { words } = usePage();
  const { until, reason } = problem ?? {};
  return (
    <>
      <p>
        {until === undefined
          ? words.text("doorBannedForever")
          : words.text("doorBannedTill", { time: untilText(words, until) })}
      </p>
      <Reason of={problem} />
      {until !== undefined && !reason && <p class="quiet">{words.text("doorBannedHint")}</p>}
    </>
  );
}

/** What the moderator has said to it. */
function Reason({ of: problem }: { of: Problem | undefined }) {
  const { words } = usePage();
  const { reason } = problem ?? {};
  if (!reason) return null;
  return <p dir="auto">{words.text("doorBannedReason", { reason: isolate(reason) })}</p>;
}

/** No removal keeps one out for longer: what is more is this device's clock. Seconds. */
const REMOVED_FOR = 60;

/** Who was removed can't come back at once. The countdown is for the eye alone. */
function RemovedFor({ until }: { until: string | undefined }) {
  const { words } = usePage();
  const { left, wait } = useWait();
  useEffect(() => {
    const seconds = (Date.parse(until ?? "") - Date.now()) / 1_000;
    if (seconds > 0) wait(Math.min(seconds, REMOVED_FOR));
  }, [until]);
  if (left === 0) return null;
  return (
    <p class="quiet" data-testid="door-wait">
      {words.text("doorRemovedWait", { when: soonText(words, left) })}
    </p>
  );
}

/** What the door says itself. */
const SAID = /^(locked|full|banned|removed|room_closed)$/;

/** Why the link did not let one in. */
export function EnteringProblem({ control }: { control: Control }) {
  const { words } = usePage();
  const { entering } = control;
  if (entering?.state !== "failed" || entering.problem === undefined) return null;
  const { by, problem } = entering;
  if (SAID.test(problem.code)) return null;
  const gone = problem.code === "wrong_invite";
  return (
    <p class="problem" role="alert" data-testid="entering-problem">
      {gone
        ? words.text(by === "owner" ? "doorOwnerGone" : "doorInviteGone")
        : refusalOf(words, problem)}{" "}
      {!gone && (
        <button type="button" class="text-button" onClick={() => void control.redeem()}>
          {words.text("doorAgain")}
        </button>
      )}
    </p>
  );
}

/** Counts down what the server told one to wait. */
function useWait() {
  const [until, setUntil] = useState(0);
  const [now, setNow] = useState(Date.now);
  const left = Math.max(0, Math.ceil((until - now) / 1_000));
  useEffect(() => {
    if (left === 0) return;
    const timer = setTimeout(() => setNow(Date.now()), 1_000);
    return () => clearTimeout(timer);
  }, [left, now]);
  return {
    left,
    wait: (seconds: number) => {
      setNow(Date.now());
      setUntil(Date.now() + seconds * 1_000);
    },
  };
}

function PasswordForm({ control }: { control: Control }) {
  const { words } = usePage();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const { left, wait } = useWait();
  const enter = async (password: string, field: HTMLInputElement) => {
    if (password === "") return field.focus();
    setBusy(true);
    setProblem(undefined);
    const refused = await control.enter({ password });
    setBusy(false);
    if (refused === undefined) return;
    if (refused.code === "too_much") return wait(seconds(refused.retryAfter));
    const wrong = refused.code === "wrong_password";
    setProblem(wrong ? words.text("doorWrong") : refusalOf(words, refused));
    field.select();
  };
  return (
    <KeyForm
      label={words.text("doorPassword")}
      field={{
        type: "password",
        name: "room-password",
        autocomplete: "current-password",
        maxLength: 256,
      }}
      testId="door-password"
      focused
      busy={busy || left > 0}
      problem={left > 0 ? words.text("doorWait", { when: soonText(words, left) }) : problem}
      onType={() => setProblem(undefined)}
      onEnter={enter}
    />
  );
}

/** An invitation that came by another way than the address bar. */
function InviteForm({ room, control }: { room: string; control: Control }) {
  const { words } = usePage();
  const [problem, setProblem] = useState<string>();
  const enter = (text: string) => {
    const hash = text.trim().slice(Math.max(0, text.trim().indexOf("#")));
    if (keyOf(hash) === undefined) return setProblem(words.text("doorInviteNone"));
    keepSecret(room, hash);
    control.forgetEntering();
    void control.redeem();
  };
  return (
    <KeyForm
      label={words.text("doorInviteLabel")}
      field={{ type: "text", inputMode: "url", autocomplete: "off" }}
      testId="door-invite"
      problem={problem}
      onType={() => setProblem(undefined)}
      onEnter={enter}
    />
  );
}

interface KeyFormProps {
  label: string;
  field: ComponentProps<"input">;
  testId: string;
  /** The field has the focus at once. */
  focused?: boolean;
  /** It can't be tried now. */
  busy?: boolean;
  problem: string | undefined;
  onType(): void;
  onEnter(text: string, field: HTMLInputElement): void;
}

/** One field for what lets one in. */
function KeyForm(props: KeyFormProps) {
  const { label, field, testId, focused, busy = false, problem, onType, onEnter } = props;
  const { words } = usePage();
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (focused) input.current?.focus();
  }, []);
  const enter = (event: Event) => {
    event.preventDefault();
    if (input.current !== null && !busy) onEnter(input.current.value, input.current);
  };
  return (
    <form class="name-prompt" onSubmit={enter}>
      <label class="field">
        <span>{label}</span>
        <span class="joined-field">
          <input
            {...field}
            ref={input}
            data-testid={testId}
            aria-invalid={problem !== undefined}
            aria-describedby="door-problem"
            onInput={onType}
          />
          <button class="button primary" type="submit" data-testid="door-enter" disabled={busy}>
            {words.text("doorEnter")}
          </button>
        </span>
      </label>
      <p id="door-problem" class="problem" role="alert" data-testid="door-problem">
        {problem}
      </p>
    </form>
  );
}
