import type { Environment } from "./transport.ts";

export interface Timers {
  /** The environment with these timers. */
  readonly env: Environment;
  /** Runs what is due. */
  drive(): void;
}

/** Timers that others can run when they are due: a hidden tab's own may come a minute late. */
export function createTimers(environment: Environment): Timers {
  const due = new Map<number, { at: number; run: () => void }>();
  const env: Environment = {
    ...environment,
    setTimeout(run, ms) {
      const timer = environment.setTimeout(() => {
        if (due.delete(timer)) run();
      }, ms);
      due.set(timer, { at: environment.now() + ms, run });
      return timer;
    },
    clearTimeout(timer) {
      due.delete(timer);
      environment.clearTimeout(timer);
    },
  };
  return {
    env,
    drive() {
      const now = environment.now();
      for (const [timer, { at, run }] of [...due].sort(([, a], [, b]) => a.at - b.at)) {
        if (at > now || !due.has(timer)) continue;
        env.clearTimeout(timer);
        run();
      }
    },
  };
}
