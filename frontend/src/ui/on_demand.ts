import { useEffect, useState } from "preact/hooks";

/** A module that is loaded when something on the screen needs it; until then there is none. */
export interface OnDemand<Module> {
  /**
   * The module, once it is there; whoever draws with it is drawn again then. Where it can't be had,
   * it is tried again from time to time, unless `onFailed` is there: that is told, and the person too.
   */
  use(wanted: boolean, onFailed?: () => void): Module | undefined;
  /** Loads it before it is wanted. It never rejects. */
  ahead(): Promise<void>;
}

/** How long a load that failed is not tried again. Milliseconds. */
const PAUSE = 10_000;

const listeners = new Set<() => void>();

/** Tells that something that somebody asked for can't be loaded. Returns what ends that. */
export function onNotLoaded(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

interface Waiting {
  draw(): void;
  failed: (() => void) | undefined;
}

export function onDemand<Module>(load: () => Promise<Module>): OnDemand<Module> {
  let module: Module | undefined;
  let loading: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waiting = new Set<Waiting>();

  function start(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    loading ??= load().then(
      (loaded) => {
        module = loaded;
        for (const { draw } of waiting) draw();
        waiting.clear();
      },
      () => {
        loading = undefined;
        // The network may be away: what is shown plainly stays so until it is tried again.
        timer = setTimeout(() => {
          timer = undefined;
          if (waiting.size > 0) void start();
        }, PAUSE);
        const asked = [...waiting].filter(({ failed }) => failed !== undefined);
        for (const { failed } of asked) failed?.();
        if (asked.length > 0) for (const listener of listeners) listener();
      },
    );
    return loading;
  }

  return {
    use(wanted, onFailed) {
      const [, again] = useState(0);
      const needed = wanted && module === undefined;
      useEffect(() => {
        if (!needed) return;
        const draw = () => again((n) => n + 1);
        if (module !== undefined) {
          draw();
          return;
        }
        const one = { draw, failed: onFailed };
        waiting.add(one);
        // Who asks for it does not wait for the next try.
        if (timer === undefined || onFailed !== undefined) void start();
        return () => {
          waiting.delete(one);
        };
      }, [needed]);
      return module;
    },
    ahead: start,
  };
}
