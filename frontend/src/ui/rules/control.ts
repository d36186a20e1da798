import { useEffect, useState } from "preact/hooks";
import type { Post, Problem } from "../../client/index.ts";
import {
  followRules,
  type Key,
  keyOf,
  type Notice,
  type RoomRules,
  type Rules,
  readNotice,
  type SettingsPatch,
} from "../../client/rules.ts";
import { usePage } from "../context.ts";
import { pageFetch } from "../page_session.ts";
import type { RoomModel } from "../room_model.ts";
import { dropSecret, secretOf } from "./secret.ts";
import type { Done } from "./undo.tsx";

/** Until when one may only read: for good where that is sure and has no end. */
export interface Muted {
  until?: string;
  reason?: string;
  sure?: true;
}

/** How one comes in by the secret of an address. */
export interface Entering {
  state: "working" | "failed" | "in";
  by: "invite" | "owner";
  problem?: Problem;
}

/** What may work later: no answer, too much at once, no room, a door that is locked for now. */
const LATER = /^(no_answer|too_much|unavailable|busy|going_away|full|locked)$/;

/**
 * What the page knows of a room's rules, and its calls. One for each room that is shown, made when
 * the first part of the page that needs it has come.
 */
export class Control {
  readonly calls: Rules;
  readonly room: string;
  readonly #model: RoomModel;
  readonly #listeners = new Set<() => void>();
  #known: RoomRules | undefined;
  #entering: Entering | undefined;
  #muted: Muted | undefined;
  #done: Done | undefined;
  /** The refusal that was looked at last. */
  #looked: Problem | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(model: RoomModel, room: string, baseUrl: string) {
    this.room = room;
    this.#model = model;
    const options = { baseUrl, room, env: { fetch: pageFetch } };
    this.calls = followRules(model.client, options, (rules) => this.#learn(rules));
    model.client.on("posts", (posts) => this.#look(posts));
    this.#look(model.client.posts);
    model.client.on("event", (event) => this.#noticed(readNotice(event)));
  }

  /** The rules, once they are known. */
  get known(): RoomRules | undefined {
    return this.#known;
  }

  /** One is muted, as far as that was told. */
  get muted(): Muted | undefined {
    return this.#muted;
  }

  /** What one has done to somebody just now, while it is offered to take it back. */
  get done(): Done | undefined {
    return this.#done;
  }

  /** Something was done; undefined when it is not offered any more. */
  did(done: Done | undefined): void {
    this.#done = done;
    this.#changed();
  }

  /** Reports whether somebody is muted, as far as the log says. */
  isMuted(id: string): boolean {
    const last = this.#model.view.items.findLast(
      (item) =>
        item.kind === "notice" &&
        /^(un)?muted$/.test(`${item.fields.what}`) &&
        (item.fields.member as { id?: unknown } | undefined)?.id === id,
    );
    return last?.kind === "notice" && last.fields.what === "muted";
  }

  /** Coming in by a secret; undefined where there was none. */
  get entering(): Entering | undefined {
    return this.#entering;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tries the secret that the address had, once one is somebody. */
  async redeem(): Promise<void> {
    const key = keyOf(secretOf(this.room) ?? "");
    const { session } = this.#model.client;
    if (key === undefined || session == null || this.#entering?.state === "working") return;
    await this.#enter(key, "invite" in key ? "invite" : "owner");
  }

  /** Comes in by what somebody has typed. Undefined when it worked. */
  async enter(key: Key): Promise<Problem | undefined> {
    const { problem } = await this.calls.enter(key);
    if (problem === undefined) this.#in();
    return problem;
  }

  /** Changes settings: one change after the other, each resting on what the one before has made. */
  change(patch: SettingsPatch): ReturnType<Rules["change"]> {
    const turn = this.#turn.then(() => this.calls.change(patch, this.#known?.version));
    this.#turn = turn;
    return turn;
  }

  /** Another secret was pasted. */
  forgetEntering(): void {
    this.#entering = undefined;
    this.#changed();
  }

  async #enter(key: Key, by: Entering["by"]): Promise<void> {
    this.#entering = { state: "working", by };
    this.#changed();
    const problem = await this.enter(key);
    if (!LATER.test(problem?.code ?? "")) dropSecret(this.room);
    this.#entering = problem === undefined ? { state: "in", by } : { state: "failed", by, problem };
    this.#changed();
  }

  #in(): void {
    if (this.#model.view.ended !== undefined) this.#model.restart();
  }

  #learn(rules: RoomRules): void {
    const slower = this.#known?.settings.slowMode ?? 0;
    this.#known = rules;
    if (rules.muted !== undefined) this.#muted = { ...rules.muted, sure: true };
    // What waits for a pause that is not asked for any more goes out; there is nothing of no key.
    if (rules.settings.slowMode < slower) this.#model.client.discard("");
    this.#model.learn(rules);
    this.#changed();
  }

  /** A refusal says until when. */
  #look(posts: readonly Post[]): void {
    const problem = posts.findLast((post) => post.problem?.code === "muted")?.problem;
    // It stands with its message for as long as that does, and says nothing of what came after it.
    if (problem === undefined || problem === this.#looked) return;
    this.#looked = problem;
    const { until, reason } = problem;
    this.#muted = {
      ...(until !== undefined && { until }),
      ...(reason !== undefined && { reason }),
    };
    this.#changed();
  }

  /** The log says it to everybody, and not until when: that is told to who asks for themselves. */
  #noticed(notice: Notice | undefined): void {
    const own = this.#model.client.session?.clientId;
    if (notice === undefined || notice.member?.id !== own || !this.#model.view.loaded) return;
    if (notice.what !== "muted" && notice.what !== "unmuted") return;
    this.#muted = notice.what === "muted" ? {} : undefined;
    if (this.#muted !== undefined) void this.calls.read();
    this.#changed();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

const controls = new WeakMap<RoomModel, Control>();

export function controlOf(model: RoomModel, room: string, baseUrl: string): Control {
  const known = controls.get(model) ?? new Control(model, room, baseUrl);
  controls.set(model, known);
  return known;
}

/** The room's control; it draws anew when that knows something else. */
export function useControl(model: RoomModel, room: string): Control {
  const { baseUrl } = usePage();
  const control = controlOf(model, room, baseUrl);
  const [, draw] = useState(0);
  useEffect(() => control.subscribe(() => draw((n) => n + 1)), [control]);
  return control;
}
