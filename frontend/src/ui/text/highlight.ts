import { useEffect, useState } from "preact/hooks";

/** A piece of code; its classes say what it is. */
export type Piece = string | { classes: readonly string[]; children: Piece[] };

/** What the page asks the thread that colours code, and what it gets. */
export interface Question {
  id: number;
  language: string;
  code: string;
}
export interface Answer {
  id: number;
  pieces: Piece[] | undefined;
}

/** Code that takes longer stays without colours. People's code takes a few. Milliseconds. */
const LONGEST = 1_000;
/** A thread that has not loaded by then is tried again with the next code. Milliseconds. */
const LOADING = 30_000;
const KEPT = 200;

type Done = (pieces: Piece[] | undefined) => void;

/** Asks one question at a time. The thread is begun with the first, and ended when it is too slow. */
export class Colourer {
  readonly #begin: () => Worker;
  #worker: Worker | undefined;
  #ready = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ids = 0;
  readonly #waiting: { question: Question; done: Done }[] = [];
  readonly #known = new Map<string, Piece[] | undefined>();

  constructor(begin: () => Worker) {
    this.#begin = begin;
  }

  /** What is known of a code already: it is coloured once. */
  known(language: string, code: string): Piece[] | undefined {
    return this.#known.get(`${language}\n${code}`);
  }

  /** Calls back with the pieces, once, unless it is told to forget it. */
  ask(language: string, code: string, done: Done): () => void {
    const key = `${language}\n${code}`;
    if (this.#known.has(key)) return () => undefined;
    const entry = {
      question: { id: ++this.#ids, language, code },
      done: (pieces: Piece[] | undefined) => {
        const [oldest] = this.#known.keys();
        if (this.#known.size >= KEPT && oldest !== undefined) this.#known.delete(oldest);
        this.#known.set(key, pieces);
        done(pieces);
      },
    };
    this.#waiting.push(entry);
    if (this.#waiting.length === 1) this.#next();
    return () => {
      // The first is under way.
      const at = this.#waiting.indexOf(entry);
      if (at > 0) this.#waiting.splice(at, 1);
    };
  }

  #next(): void {
    clearTimeout(this.#timer);
    const first = this.#waiting[0];
    if (first === undefined) return;
    if (this.#worker === undefined) {
      try {
        this.#worker = this.#begin();
      } catch {
        this.#giveUp();
        return;
      }
      this.#worker.onmessage = ({ data }: { data: Answer | "ready" }) => this.#take(data);
      this.#worker.onerror = () => this.#giveUp();
    }
    if (this.#ready) this.#worker.postMessage(first.question);
    this.#timer = setTimeout(() => this.#giveUp(), this.#ready ? LONGEST : LOADING);
  }

  #take(data: Answer | "ready"): void {
    if (data === "ready") {
      this.#ready = true;
      this.#next();
    } else if (data.id === this.#waiting[0]?.question.id) {
      this.#waiting.shift()?.done(data.pieces);
      this.#next();
    }
  }

  #giveUp(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#ready = false;
    this.#waiting.shift()?.done(undefined);
    this.#next();
  }
}

const colourer = new Colourer(
  () => new Worker(new URL("./highlight_worker.ts", import.meta.url), { type: "module" }),
);

/** The coloured pieces of a code in a language; undefined until, or as long as, there are none. */
export function useColours(language: string, code: string): Piece[] | undefined {
  const [, draw] = useState(0);
  useEffect(() => {
    if (language === "") return;
    return colourer.ask(language, code, () => draw((n) => n + 1));
  }, [language, code]);
  return language === "" ? undefined : colourer.known(language, code);
}
