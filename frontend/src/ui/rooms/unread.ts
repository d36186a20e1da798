type Listener = (count: number) => void;

let count = 0;
const listeners = new Set<Listener>();

/**
 * Messages of others that this person has not read, in all rooms that are not muted, on whichever
 * device. The title shows it, and so may an icon.
 */
export const unreadTotal = {
  get value(): number {
    return count;
  },
  /** Calls it when the count changes. Returns what ends that. */
  subscribe(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

export function setUnreadTotal(next: number): void {
  if (next === count) return;
  count = next;
  for (const listener of [...listeners]) listener(next);
}
