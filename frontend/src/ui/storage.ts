/** The browser's storage, which may be forbidden, full or holding what another version wrote. */
export interface Store {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  /** The keys that begin so. */
  keys(prefix: string): string[];
}

const PREFIX = "caller.";

function wrap(storage: () => Storage): Store {
  return {
    get(key) {
      try {
        const text = storage().getItem(PREFIX + key);
        return text === null ? undefined : (JSON.parse(text) as unknown);
      } catch {
        return undefined;
      }
    },
    set(key, value) {
      try {
        if (value === undefined) storage().removeItem(PREFIX + key);
        else storage().setItem(PREFIX + key, JSON.stringify(value));
      } catch {
        // It is forbidden or full; the page works without.
      }
    },
    keys(prefix) {
      try {
        return Object.keys(storage())
          .filter((key) => key.startsWith(PREFIX + prefix))
          .map((key) => key.slice(PREFIX.length));
      } catch {
        return [];
      }
    },
  };
}

/** Of this browser. */
export const lasting = wrap(() => localStorage);
/** Of this tab, reloads included. */
export const tabwide = wrap(() => sessionStorage);
