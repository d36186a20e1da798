import { useEffect, useState } from "preact/hooks";

/** Draws again when something that tells its changes has changed. */
export function useChanges(of: { subscribe(listener: () => void): () => void }): void {
  const [, draw] = useState(0);
  useEffect(() => {
    draw((n) => n + 1); // what changed before
    return of.subscribe(() => draw((n) => n + 1));
  }, [of]);
}
