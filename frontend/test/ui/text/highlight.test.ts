import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Answer,
  Colourer,
  type Piece,
  type Question,
} from "../../../src/ui/text/highlight.ts";
import { highlight } from "../../../src/ui/text/highlight_worker.ts";

const textOf = (pieces: readonly Piece[]): string =>
  pieces.map((piece) => (typeof piece === "string" ? piece : textOf(piece.children))).join("");

test("names the parts of code, and loses nothing of it", () => {
  const code = 'const a = "<b>"; // c';
  const pieces = highlight({ language: "JS", code }) ?? [];
  expect(textOf(pieces)).toBe(code);
  expect(pieces[0]).toEqual({ classes: ["hljs-keyword"], children: ["const"] });
  expect(highlight({ language: "klingon", code })).toBeUndefined();
});

class FakeWorker {
  onmessage: ((event: { data: Answer | "ready" }) => void) | undefined;
  onerror: (() => void) | undefined;
  ended = false;
  readonly asked: Question[] = [];
  postMessage(question: Question): void {
    this.asked.push(question);
  }
  terminate(): void {
    this.ended = true;
  }
  ready(): void {
    this.onmessage?.({ data: "ready" });
  }
  answer(pieces: Piece[]): void {
    const id = this.asked.at(-1)?.id ?? 0;
    this.onmessage?.({ data: { id, pieces } });
  }
}

describe("the thread that colours", () => {
  let workers: FakeWorker[];
  let colourer: Colourer;
  let told: string[];
  const ask = (code: string) =>
    colourer.ask("js", code, (pieces) => {
      told.push(`${code}: ${pieces === undefined ? "none" : textOf(pieces)}`);
    });

  beforeEach(() => {
    vi.useFakeTimers();
    workers = [];
    told = [];
    colourer = new Colourer(() => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker as unknown as Worker;
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("is asked one thing at a time, and each once", () => {
    ask("a");
    ask("b");
    expect(workers).toHaveLength(1);
    expect(workers[0]?.asked).toEqual([]);
    workers[0]?.ready();
    expect(workers[0]?.asked.map(({ code }) => code)).toEqual(["a"]);
    workers[0]?.answer(["A"]);
    workers[0]?.answer(["B"]);
    expect(told).toEqual(["a: A", "b: B"]);
    ask("a");
    expect(workers[0]?.asked).toHaveLength(2);
    expect(colourer.known("js", "a")).toEqual(["A"]);
  });

  test("is ended when code takes too long, and goes on with the next", () => {
    ask("slow");
    ask("b");
    workers[0]?.ready();
    vi.advanceTimersByTime(1_100);
    expect(workers[0]?.ended).toBe(true);
    expect(told).toEqual(["slow: none"]);
    workers[1]?.ready();
    workers[1]?.answer(["B"]);
    expect(told).toEqual(["slow: none", "b: B"]);
    ask("slow");
    expect(workers).toHaveLength(2);
    expect(workers[1]?.asked).toHaveLength(1);
  });

  test("is not asked what nobody waits for any more", () => {
    ask("a");
    ask("b")();
    ask("c");
    workers[0]?.ready();
    workers[0]?.answer(["A"]);
    workers[0]?.answer(["C"]);
    expect(told).toEqual(["a: A", "c: C"]);
  });

  test("may be missing", () => {
    colourer = new Colourer(() => {
      throw new Error("not allowed");
    });
    ask("a");
    expect(told).toEqual(["a: none"]);
  });
});
