import {
  type Client,
  type ClientOptions,
  createClient,
  type Decision,
} from "../src/client/index.ts";
import { joinTabs } from "../src/client/tabs.ts";
import type { LocksLike } from "../src/client/tabs_lock.ts";
import type { ChannelLike, TabEnvironment } from "../src/client/tabs_messages.ts";
import type { FakeRooms } from "./fake_rooms.ts";
import { Random } from "./random.ts";

interface Request {
  name: string;
  tab: FakeTab;
  granted: () => void;
  rejected: (why: Error) => void;
  run: () => Promise<unknown>;
}

/** A browser whose tabs hear each other, wait for locks, and can be frozen or killed. */
export class FakeBrowser {
  readonly rooms: FakeRooms;
  readonly locks: boolean;
  readonly tabs: FakeTab[] = [];
  readonly channels = new Set<{ name: string; tab: FakeTab; channel: ChannelLike }>();
  /** Messages between the tabs so far. */
  said = 0;
  readonly #held = new Map<string, Request>();
  #waiting: Request[] = [];

  constructor(rooms: FakeRooms, locks = true) {
    this.rooms = rooms;
    this.locks = locks;
  }

  open(room = "lobby", options: Partial<ClientOptions> = {}): FakeTab {
    const tab = new FakeTab(this, room, this.tabs.length, options);
    this.tabs.push(tab);
    tab.client.start();
    return tab;
  }

  channel(name: string, tab: FakeTab): ChannelLike {
    const entry = { name, tab, channel: undefined as unknown as ChannelLike };
    entry.channel = {
      onmessage: null,
      postMessage: (data) => {
        if (tab.dead || !this.channels.has(entry)) return;
        this.said++;
        const copy = structuredClone(data);
        const others = [...this.channels].filter(
          (other) => other !== entry && other.name === name && !other.tab.deaf,
        );
        setTimeout(() => {
          for (const { tab, channel } of others)
            tab.gate(() => channel.onmessage?.({ data: copy }));
        }, 1);
      },
      close: () => this.channels.delete(entry),
    };
    this.channels.add(entry);
    return entry.channel;
  }

  locksOf(tab: FakeTab): LocksLike {
    return {
      request: (name, { signal, steal }, run) =>
        new Promise((resolve, reject) => {
          const request: Request = {
            name,
            tab,
            run,
            rejected: reject,
            granted: () => {
              this.#held.set(name, request);
              tab.gate(() => {
                run().then(() => {
                  if (this.#held.get(name) === request) this.#free(name);
                  resolve(undefined);
                });
              });
            },
          };
          signal?.addEventListener("abort", () => {
            if (!this.#waiting.includes(request)) return;
            this.#waiting = this.#waiting.filter((one) => one !== request);
            reject(new DOMException("aborted", "AbortError"));
          });
          const leader = this.#held.get(name);
          if (leader !== undefined && steal !== true) return void this.#waiting.push(request);
          if (leader !== undefined) {
            leader.tab.gate(() => leader.rejected(new DOMException("stolen", "AbortError")));
          }
          setTimeout(() => this.#held.get(name) === request && request.granted(), 1);
          this.#held.set(name, request);
        }),
    };
  }

  #free(name: string): void {
    this.#held.delete(name);
    const next = this.#waiting.find((one) => one.name === name);
    if (next === undefined) return;
    this.#waiting = this.#waiting.filter((one) => one !== next);
    next.granted();
  }

  gone(tab: FakeTab): void {
    for (const entry of this.channels) if (entry.tab === tab) this.channels.delete(entry);
    this.#waiting = this.#waiting.filter((one) => one.tab !== tab);
    for (const [name, one] of [...this.#held]) if (one.tab === tab) this.#free(name);
  }
}

/** One room of a tab. */
export interface FakeRoom {
  client: Client;
  room: string;
  texts: string[];
}

export class FakeTab {
  readonly client: Client;
  readonly room: string;
  readonly texts: string[];
  /** Opens another room in this tab. */
  readonly also: (room: string, options?: Partial<ClientOptions>) => FakeRoom;
  readonly decisions: Decision[] = [];
  readonly #browser: FakeBrowser;
  readonly #ends = new Set<() => void>();
  #queue: (() => void)[] = [];
  #onFreeze: () => void = () => {};
  dead = false;
  frozen = false;
  hidden = false;
  /** Messages to it are lost. */
  deaf = false;

  constructor(browser: FakeBrowser, room: string, n: number, options: Partial<ClientOptions>) {
    this.#browser = browser;
    this.room = room;
    const random = new Random(n + 1);
    let keys = 0;
    const tabs: TabEnvironment = {
      channel: (name) => browser.channel(name, this),
      locks: browser.locks ? browser.locksOf(this) : undefined,
      visible: () => !this.hidden,
      onFreeze: (run) => {
        this.#onFreeze = run;
        return () => {};
      },
    };
    const env = {
      fetch: this.#fetch,
      socket: (url: string) => this.#socket(url),
      random: random.next,
      key: () => `tab-${n}-${++keys}`,
      setTimeout: (run: () => void, ms: number) => Number(setTimeout(() => this.gate(run), ms)),
      clearTimeout: (timer: number) => clearTimeout(timer),
    };
    const join = joinTabs(options.transport ?? "", "http://host/chat/", tabs);
    const open = (room: string, more?: Partial<ClientOptions>): FakeRoom => {
      const texts: string[] = [];
      const client = createClient(
        {
          baseUrl: "http://host/chat/",
          room,
          session: { clientId: "me", name: "Ann" },
          env,
          ...options,
          ...more,
        },
        join,
      );
      client.on("reset", () => texts.splice(0));
      client.on("message", ({ text }) => texts.push(text));
      return { client, room, texts };
    };
    this.also = (room, more) => {
      const one = open(room, more);
      one.client.start();
      return one;
    };
    const { client, texts } = open(room);
    this.client = client;
    this.texts = texts;
    this.client.on("decision", (decision) => this.decisions.push(decision));
  }

  get leads(): boolean {
    return this.decisions.filter(({ what }) => HOLDING.has(what)).at(-1)?.what === "lead";
  }

  /** Nothing happens in a frozen tab; what would have, does once it is thawed. */
  gate(run: () => void): void {
    if (this.dead) return;
    if (this.frozen) this.#queue.push(run);
    else run();
  }

  /** As a browser does it that says so, and lets the page answer others all the same. */
  sleep(): void {
    this.#onFreeze();
  }

  /** Without a word. */
  freeze(): void {
    this.frozen = true;
  }

  thaw(): void {
    this.frozen = false;
    const queue = this.#queue;
    this.#queue = [];
    for (const run of queue) this.gate(run);
    if (!this.dead) this.client.resumed();
  }

  close(): void {
    this.client.close();
    this.kill();
  }

  kill(): void {
    this.dead = true;
    for (const end of this.#ends) end();
    this.#browser.gone(this);
  }

  #fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const abort = new AbortController();
    init.signal?.addEventListener("abort", () => abort.abort());
    this.#ends.add(() => abort.abort());
    const reply = await this.#browser.rooms
      .fetch(input, { ...init, signal: abort.signal })
      .finally(() => this.#awake());
    if (reply.body === null) return reply;
    const reader = reply.body.getReader();
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { done, value } = await reader.read().finally(() => this.#awake());
        if (done) controller.close();
        else controller.enqueue(value);
      },
    });
    return new Response(body, { status: reply.status, headers: reply.headers });
  };

  #awake(): Promise<void> {
    return new Promise((resolve) => this.gate(resolve));
  }

  #socket(url: string) {
    const socket = this.#browser.rooms.socket(url);
    this.#ends.add(() => socket.close());
    return new Proxy(socket, {
      set: (target, name, run) => {
        const gated = run === null ? null : (event: never) => this.gate(() => run(event));
        return Reflect.set(target, name, gated);
      },
      get: (target, name) => {
        const value = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }
}

const HOLDING = new Set(["lead", "follow", "step down"]);
