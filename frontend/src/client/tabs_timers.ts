import type { Environment } from "./transport.ts";

/** Timers that whoever comes by can run when they are due: a hidden tab's own may come a minute late. */
export class Timers {
  readonly env: Environment;
  readonly #now: () => number;
  readonly #due = new Map<number, { at: number; run: () => void }>();

  constructor(env: Environment) {
    this.#now = env.now;
    this.env = {
      ...env,
      setTimeout: (run, ms) => {
        const timer = env.setTimeout(() => {
          if (this.#due.delete(timer)) run();
        }, ms);
        this.#due.set(timer, { at: env.now() + ms, run });
        return timer;
      },
      clearTimeout: (timer) => {
        this.#due.delete(timer);
        env.clearTimeout(timer);
      },
    };
  }

  /** Runs what is due. */
  drive(): void {
    const now = this.#now();
    for (const [timer, { at, run }] of [...this.#due].sort(([, a], [, b]) => a.at - b.at)) {
      if (at > now || !this.#due.has(timer)) continue;
      this.env.clearTimeout(timer);
      run();
    }
  }
}
