import { describe, expect, test } from "vitest";
import {
  type Decision,
  type End,
  type Memory,
  TIMING,
  type Transport,
} from "../../src/client/index.ts";
import type { Input } from "../../src/client/selector_input.ts";
import type {
  TransportSelector,
  TransportSelectorOptions,
} from "../../src/client/selector_parts.ts";
import { createTransportSelector } from "../../src/client/transport_selector.ts";
import { Random } from "../random.ts";

const LOST: End = { kind: "lost", detail: "test" };
const BUSY: End = { kind: "busy", detail: "test", retryAfter: 7_000 };

/** Drives a selector and keeps what is open, as a connection does. */
class Driver {
  now = 1_000_000;
  readonly selector: TransportSelector;
  readonly open = new Map<number, Transport>();
  active: number | undefined;
  activated: Transport[] = [];
  opened: Transport[] = [];
  memory: Memory | undefined;
  final: End | undefined;
  status = "idle";
  decisions: Decision[] = [];

  constructor(options: Partial<TransportSelectorOptions> = {}, random = () => 0.5) {
    this.selector = createTransportSelector({
      env: { now: () => this.now, random },
      open: (id, transport) => {
        this.open.set(id, transport);
        this.opened.push(transport);
      },
      close: (id) => {
        expect(this.open.has(id), "closes what is open").toBe(true);
        this.#gone(id);
      },
      activate: (id, transport) => {
        expect(this.open.get(id), "carries what is open").toBe(transport);
        expect(this.active, "one active at a time").toBeUndefined();
        this.active = id;
        this.activated.push(transport);
      },
      onMemory: (memory) => {
        this.memory = memory;
      },
      onFinal: (end) => {
        this.final = end;
      },
      onState: ({ status }) => {
        this.status = status;
      },
      onDecision: (decision) => this.decisions.push(decision),
      ...options,
    });
  }

  give(input: Input): this {
    if (input.type === "ended") this.#gone(input.id);
    this.selector.step(input);
    return this;
  }

  /** Lets time pass, with a tick whenever one is due. */
  pass(ms: number): this {
    const until = this.now + ms;
    for (let ticks = 0; ; ticks++) {
      expect(ticks, "ticks without end").toBeLessThan(10_000);
      const at = this.selector.deadline();
      if (at > until) break;
      this.now = Math.max(this.now, at);
      this.give({ type: "tick" });
    }
    this.now = until;
    return this;
  }

  idOf(transport: Transport): number {
    for (const [id, one] of this.open) if (one === transport) return id;
    throw new Error(`${transport} is not open`);
  }

  welcome(transport: Transport): this {
    return this.give({ type: "welcome", id: this.idOf(transport), interval: 15_000 });
  }

  ping(transport: Transport): this {
    return this.give({ type: "heard", id: this.idOf(transport), proof: true, answer: true });
  }

  end(transport: Transport, end = LOST): this {
    return this.give({ type: "ended", id: this.idOf(transport), end });
  }

  get on(): Transport | undefined {
    return this.active === undefined ? undefined : this.open.get(this.active);
  }

  #gone(id: number): void {
    this.open.delete(id);
    if (this.active === id) this.active = undefined;
  }
}

const started = (options?: Partial<TransportSelectorOptions>, random?: () => number) =>
  new Driver(options, random).give({ type: "start" });

describe("the race", () => {
  test("WebSocket has a head start, then the stream, then polling", () => {
    const d = started();
    expect(d.opened).toEqual(["ws"]);
    expect(d.pass(1_999).opened).toEqual(["ws"]);
    expect(d.pass(1).opened).toEqual(["ws", "sse"]);
    expect(d.pass(2_000).opened).toEqual(["ws", "sse", "poll"]);
    d.welcome("sse");
    expect(d.on).toBe("sse");
    expect([...d.open.values()]).toEqual(["sse"]);
  });

  test("what fails at once gives way at once", () => {
    const d = started().end("ws").end("sse");
    expect(d.opened).toEqual(["ws", "sse", "poll"]);
    expect(d.welcome("poll").on).toBe("poll");
  });

  test("a handshake that hangs is ended", () => {
    const d = started().pass(TIMING.welcomeWithin + 4_000);
    expect(d.open.size).toBe(0);
    expect(d.status).toBe("offline");
  });

  test("a server that is busy is asked again no earlier than it said", () => {
    const d = started({ transports: ["sse"] }).end("sse", BUSY);
    expect(d.pass(6_999).opened).toHaveLength(1);
    expect(d.pass(1_000).opened).toHaveLength(2);
  });
});

test("where somebody else answers, pauses stay short", () => {
  const d = started({}, () => 0.999);
  for (let round = 0; round < 12; round++) {
    for (const transport of ["ws", "sse", "poll"] as const) {
      d.end(transport, transport === "ws" ? LOST : { ...LOST, foreign: true });
    }
    const { length } = d.opened;
    d.pass(2_000);
    expect(d.opened.length, `round ${round}`).toBeGreaterThan(length);
  }
  d.end("ws").end("sse").end("poll").pass(20_000);
  expect(d.status, "a dead network gets long ones").toBe("offline");
});

describe("proof", () => {
  test("no ping within 4 s of welcome brings the others in; the first of them to welcome takes over", () => {
    const d = started().welcome("ws").pass(3_999);
    expect(d.opened).toEqual(["ws"]);
    d.pass(1);
    expect(d.opened).toEqual(["ws", "sse"]);
    expect(d.on).toBe("ws");
    expect(d.welcome("sse").on).toBe("sse");
    expect([...d.open.values()]).toEqual(["sse"]);
  });

  test("a late ping keeps the active and ends the race", () => {
    const d = started().welcome("ws").pass(4_500).ping("ws");
    expect([...d.open.values()]).toEqual(["ws"]);
  });

  test("nor an answer: a WebSocket on which nothing goes up is set aside like one without a ping", () => {
    const d = started().welcome("ws").give({ type: "heard", id: 1, proof: true }).pass(4_000);
    expect(d.opened).toEqual(["ws", "sse"]);
    d.give({ type: "heard", id: 1, answer: true });
    expect([...d.open.values()]).toEqual(["ws"]);
  });

  test("one that was kept for want of another is doubted again", () => {
    const d = started().welcome("ws").pass(4_000).end("sse").end("poll");
    expect(d.on).toBe("ws");
    d.give({ type: "heard", id: 1 }).pass(15_000).give({ type: "heard", id: 1 }).pass(15_000);
    expect(d.opened).toEqual(["ws", "sse", "poll", "sse"]);
  });

  test("silence for two heartbeats is a dead connection", () => {
    const d = started().welcome("ws").pass(1_000).ping("ws").pass(29_999);
    expect(d.on).toBe("ws");
    d.pass(1);
    expect(d.on).toBeUndefined();
    d.pass(500);
    expect(d.opened).toEqual(["ws", "ws"]);
  });

  test("a post without an answer brings the others in; an answer ends that", () => {
    const d = started().welcome("ws").pass(1_000).ping("ws").give({ type: "stuck" });
    expect(d.opened).toEqual(["ws", "sse"]);
    d.give({ type: "heard", id: d.idOf("ws"), answer: true });
    expect([...d.open.values()]).toEqual(["ws"]);
  });
});

describe("what dies young", () => {
  const dieYoung = (d: Driver, transport: Transport) =>
    d.welcome(transport).pass(300).end(transport);

  test("twice in a row goes to the back, and the next is tried at once", () => {
    const again = (d: Driver) => d.welcome("ws").ping("ws").pass(300).end("ws");
    const d = again(started()).pass(500);
    expect(d.opened).toEqual(["ws", "ws"]);
    again(d);
    expect(d.opened).toEqual(["ws", "ws", "sse"]);
    expect(d.memory?.back.ws).toBe(d.now + TIMING.remember);
  });

  test("before it is proven gives way at once, to be tried again last", () => {
    const d = dieYoung(started(), "ws");
    expect(d.opened).toEqual(["ws", "sse"]);
    expect(d.memory?.back.ws).toBeUndefined();
    d.end("sse").end("poll");
    expect(d.opened).toEqual(["ws", "sse", "poll", "ws"]);
  });

  test("is not tried in circles without a pause", () => {
    const d = started({}, () => 1);
    for (let i = 0; i < 20; i++) {
      while (d.open.size === 0) d.pass(1_000);
      dieYoung(d, [...d.open.values()][0] as Transport);
    }
    // Three transports, two free strikes each; then the pauses double.
    expect(d.now).toBeGreaterThan(1_060_000);
  });

  test("is remembered for an hour", () => {
    const memory: Memory = { back: { ws: 1_000_000 + TIMING.remember } };
    expect(started({ memory }).opened).toEqual(["sse"]);
    const later = new Driver({ memory });
    later.now += TIMING.remember;
    expect(later.give({ type: "start" }).opened).toEqual(["ws"]);
  });

  test("not when the server said to come back later", () => {
    const d = started();
    for (let i = 0; i < 4; i++) {
      d.welcome("ws").pass(300).end("ws", BUSY).pass(7_000);
      while (d.open.size === 0) d.pass(100);
    }
    expect(new Set(d.opened)).toEqual(new Set(["ws"]));
    expect(d.memory?.back.ws).toBeUndefined();
  });

  test("is forgotten when the network is another one", () => {
    const memory: Memory = { back: { ws: 1_000_000 + TIMING.remember } };
    const d = started({ memory })
      .welcome("sse")
      .ping("sse")
      .give({ type: "network", online: true });
    expect(d.memory?.back).toEqual({});
  });
});

describe("no choice is for good", () => {
  const onSse = () => started().end("ws").welcome("sse").pass(1_000).ping("sse");
  const beats = (d: Driver, ms: number) => {
    for (let t = 0; t < ms; t += 10_000) {
      if (d.on !== undefined) d.ping(d.on);
      d.pass(10_000);
    }
  };

  test("a better one is tried beside it, and taken once proven", () => {
    const d = onSse();
    beats(d, 30_000);
    expect(d.opened).toEqual(["ws", "sse", "ws"]);
    d.welcome("ws");
    expect(d.on).toBe("sse");
    d.ping("ws");
    expect(d.on).toBe("ws");
    expect([...d.open.values()]).toEqual(["ws"]);
    expect(d.memory?.works?.transport).toBe("ws");
  });

  test("one that is not proven is tried again after a while", () => {
    const d = onSse();
    beats(d, 30_000);
    d.welcome("ws");
    beats(d, 10_000);
    expect(d.on).toBe("sse");
    expect([...d.open.values()]).toEqual(["sse"]);
    beats(d, TIMING.probeEvery);
    expect(d.opened).toEqual(["ws", "sse", "ws", "ws"]);
  });

  test("one that died young before must live longer to be trusted", () => {
    const memory: Memory = { back: { ws: 1_000_000 + TIMING.remember } };
    const d = started({ memory }).welcome("sse").pass(1_000).ping("sse");
    beats(d, 30_000);
    d.welcome("ws").ping("ws");
    expect(d.on).toBe("sse");
    d.ping("sse").pass(TIMING.probation);
    expect(d.on).toBe("ws");
  });

  test("what works is tried first the next time", () => {
    const { memory } = onSse();
    expect(memory?.works?.transport).toBe("sse");
    const next = new Driver(memory === undefined ? {} : { memory });
    expect(next.give({ type: "start" }).opened).toEqual(["sse"]);
  });

  test("an active that dies while a better one is on trial hands over to it", () => {
    const d = onSse();
    beats(d, 30_000);
    d.welcome("ws").end("sse");
    expect(d.on).toBe("ws");
  });
});

describe("begun anew", () => {
  test("what carries is the first, proven or not; the others come after it", () => {
    const d = started().pass(2_000).welcome("sse").give({ type: "reconnect" });
    expect(d.opened).toEqual(["ws", "sse", "sse"]);
    expect([d.open.size, d.status]).toEqual([1, "connecting"]);
    expect(d.pass(2_000).opened).toEqual(["ws", "sse", "sse", "ws"]);
    d.welcome("ws");
    expect([d.on, d.open.size]).toEqual(["ws", 1]);
  });

  test("without one it is a start", () => {
    expect(started().end("ws").give({ type: "reconnect" }).opened).toEqual(["ws", "sse", "ws"]);
    expect(new Driver().give({ type: "reconnect" }).opened).toEqual(["ws"]);
  });
});

describe("the network and the device", () => {
  const live = () => started().welcome("ws").pass(1_000).ping("ws");

  test("on another network a WebSocket may answer first, and nothing is opened beside one that does", () => {
    const d = live()
      .give({ type: "network", online: true })
      .pass(500 - 1);
    d.give({ type: "heard", id: d.active ?? 0, answer: true }).pass(1_000);
    expect(d.opened).toEqual(["ws"]);
  });

  test("one that does not answer is raced, however often the network changes meanwhile", () => {
    const d = live()
      .give({ type: "network", online: true })
      .pass(500 - 100);
    expect(d.open.size).toBe(1);
    d.give({ type: "network", online: true }).pass(100);
    expect([d.open.size, d.on]).toEqual([2, "ws"]);
    d.give({ type: "heard", id: d.active ?? 0 });
    expect(d.open.size).toBe(1);
  });

  test("what can't be asked is raced at once; a sign of life ends that, and a better one is looked for", () => {
    const d = started().end("ws").welcome("sse").pass(1_000).ping("sse");
    d.give({ type: "network", online: true });
    expect([d.opened, d.on]).toEqual([["ws", "sse", "sse"], "sse"]);
    d.give({ type: "heard", id: d.active ?? 0 });
    expect([d.opened, d.on]).toEqual([["ws", "sse", "sse", "ws"], "sse"]);
    expect([...d.open.values()]).toEqual(["sse", "ws"]);
  });

  test("no network at all is known when nothing can be opened", () => {
    const d = live().give({ type: "network", online: false });
    for (const id of [...d.open.keys()].filter((id) => id !== d.active)) {
      d.give({ type: "ended", id, end: LOST });
    }
    while (d.open.size > 1) {
      const id = [...d.open.keys()].find((one) => one !== d.active) ?? 0;
      d.give({ type: "ended", id, end: LOST });
    }
    expect(d.on).toBeUndefined();
    expect(d.status).toBe("offline");
    expect(d.give({ type: "network", online: true }).status).toBe("connecting");
  });

  test("a page that slept checks only when a ping is overdue", () => {
    const d = live();
    d.now += 10_000;
    expect(d.give({ type: "resumed" }).open.size).toBe(1);
    d.now += 10_000;
    expect(d.give({ type: "resumed" }).open.size).toBe(2);
  });

  test("a page that was frozen asks, checks soon, and keeps what answers", () => {
    const d = live().give({ type: "resumed", frozen: true });
    expect(d.open.size).toBe(1);
    expect(d.pass(500).open.size).toBe(2);
    const before = d.active;
    d.give({ type: "heard", id: before ?? 0, answer: true });
    expect([d.open.size, d.active]).toEqual([1, before]);
  });
});

test.each([["left", "forbidden", "refused", "signed-out"] as const].flat())(
  "%s is final",
  (kind) => {
    const d = started().welcome("ws").end("ws", { kind, detail: "test" }).pass(3_600_000);
    expect(d.final?.kind).toBe(kind);
    expect(d.open.size).toBe(0);
    expect(d.opened).toEqual(["ws"]);
    expect(d.give({ type: "start" }).opened).toEqual(["ws", "ws"]);
  },
);

test.each(Array.from({ length: 200 }, (_, i) => i + 1))("walk %i keeps the invariants", (seed) => {
  const random = new Random(seed);
  const d = started({}, random.next);
  const welcomed = new Set<number>();
  for (let i = 0; i < 300; i++) {
    const ids = [...d.open.keys()];
    const id = ids.length === 0 ? 0 : random.of(ids);
    const dice = random.below(14);
    if (dice < 4) d.pass(random.below(5_000));
    else if (dice === 4) d.pass(random.below(300_000));
    else if (dice < 8 && !welcomed.has(id)) {
      welcomed.add(id);
      d.give({ type: "welcome", id, interval: 15_000 });
    } else if (dice < 10)
      d.give({ type: "heard", id, proof: random.below(2) === 0, answer: random.below(2) === 0 });
    else if (dice === 10) d.give({ type: "ended", id, end: random.of([LOST, BUSY]) });
    else if (dice === 11) d.give({ type: "network", online: random.below(2) === 0 });
    else if (dice === 12) d.give({ type: "stuck" });
    else d.give({ type: random.of(["resumed", "retry"] as const) });
    // An active transport, a probe, and three that race.
    expect(d.open.size).toBeLessThanOrEqual(5);
    expect(d.status === "live").toBe(d.active !== undefined);
    expect(d.selector.deadline(), "there is always something to wait for").toBeLessThan(Infinity);
    expect(d.selector.deadline(), "nothing is overdue").toBeGreaterThan(d.now - 1);
  }
  d.give({ type: "stop" });
  expect(d.open.size).toBe(0);
  expect(d.selector.deadline()).toBe(Infinity);
});
