import type { Person } from "../../client/index.ts";
import { lookOf } from "../identity.ts";
import { lasting } from "../storage.ts";

/**
 * Whom one has hidden for oneself: their messages are folded, in this browser alone. A guest is known
 * by the look, since the id is another one each time.
 */
const KEY = "hidden";
/** More are forgotten, the oldest first. */
const MOST = 200;

const listeners = new Set<() => void>();
let known: ReadonlySet<string> | undefined;

function read(): ReadonlySet<string> {
  const stored = lasting.get(KEY);
  return new Set(Array.isArray(stored) ? stored.filter((one) => typeof one === "string") : []);
}

function write(next: string[]): void {
  lasting.set(KEY, next.length > 0 ? next.slice(-MOST) : undefined);
  changed();
}

function changed(): void {
  known = undefined;
  for (const listener of [...listeners]) listener();
}

export function isHidden(person: Person): boolean {
  known ??= read();
  return known.size > 0 && known.has(lookOf(person));
}

export function hide(person: Person): void {
  write([...read()].filter((one) => one !== lookOf(person)).concat(lookOf(person)));
}

export function unhide(person: Person): void {
  write([...read()].filter((one) => one !== lookOf(person)));
}

/** Calls `run` when somebody was hidden or is shown again, in any tab. Returns what ends that. */
export function onHidden(run: () => void): () => void {
  const onStorage = (event: StorageEvent) => {
    if (event.key === null || event.key.endsWith(`.${KEY}`)) changed();
  };
  window.addEventListener("storage", onStorage);
  listeners.add(run);
  return () => {
    window.removeEventListener("storage", onStorage);
    listeners.delete(run);
  };
}
