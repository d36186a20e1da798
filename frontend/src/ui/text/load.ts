import { useEffect, useState } from "preact/hooks";

/** A module that is loaded when something on the screen needs it; until then there is none. */
export interface OnDemand<Module> {
  /** The module, once it is there; whoever draws with it is drawn again then. */
  use(wanted: boolean): Module | undefined;
}

/** How long a load that failed is not tried again. Milliseconds. */
const PAUSE = 10_000;

export function onDemand<Module>(load: () => Promise<Module>): OnDemand<Module> {
  let module: Module | undefined;
  let started = false;
  const waiting = new Set<() => void>();

  function start(): void {
    if (started) return;
    started = true;
    load().then(
      (loaded) => {
        module = loaded;
        for (const again of waiting) again();
        waiting.clear();
      },
      () => {
        // The network may be away: what is shown plainly stays so until it is tried again.
        setTimeout(() => {
          started = false;
          if (waiting.size > 0) start();
        }, PAUSE);
      },
    );
  }

  return {
    use(wanted) {
      const [, draw] = useState(0);
      const needed = wanted && module === undefined;
      useEffect(() => {
        if (!needed) return;
        if (module !== undefined) {
          draw((n) => n + 1);
          return;
        }
        const again = () => draw((n) => n + 1);
        waiting.add(again);
        start();
        return () => {
          waiting.delete(again);
        };
      }, [needed]);
      return module;
    },
  };
}
