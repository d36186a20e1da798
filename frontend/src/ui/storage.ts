/**
 * The browser's storage, which may be forbidden, full or holding what another version wrote. What it
 * does not take is kept in memory, for as long as the page is.
 */
export interface Store {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  /** The keys that begin so. */
  keys(prefix: string): string[];
}

const PREFIX = "caller.";

function wrap(storage: () => Storage): Store {
  const memory = new Map<string, string>();
  return {
    get(key) {
      try {
        const text = memory.get(key) ?? storage().getItem(PREFIX + key);
        return text === null ? undefined : (JSON.parse(text) as unknown);
      } catch {
        return undefined;
      }
    },
    set(key, value) {
      const text = value === undefined ? undefined : JSON.stringify(value);
      memory.delete(key);
      try {
        if (text === undefined) storage().removeItem(PREFIX + key);
        else storage().setItem(PREFIX + key, text);
      } catch {
        if (text !== undefined) memory.set(key, text);
      }
    },
    keys(prefix) {
      const kept = [...memory.keys()].filter((key) => key.startsWith(prefix));
      try {
        const stored = Object.keys(storage())
          .filter((key) => key.startsWith(PREFIX + prefix))
          .map((key) => key.slice(PREFIX.length));
        return [...new Set([...stored, ...kept])];
      } catch {
        return kept;
      }
    },
  };
}

/** Of this browser. */
export const lasting = wrap(() => localStorage);
/** Of this tab, reloads included. */
export const tabwide = wrap(() => sessionStorage);
