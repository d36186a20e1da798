/** The link that makes another device the same person: an address of the page with a code. */

const PREFIX = "#link=";

/** The code is in the fragment, which is sent to no server. */
export function linkAddress(page: string, code: string): string {
  return new URL(PREFIX + code, page).href;
}

/** The code in an address; undefined where there is none. */
export function codeOf(hash: string): string | undefined {
  if (!hash.startsWith(PREFIX)) return undefined;
  return hash.slice(PREFIX.length);
}

/**
 * The code in the address bar, which is then no longer there: not for who looks at the screen, and
 * not in the history.
 */
export function takeCode(): string | undefined {
  const code = codeOf(location.hash);
  if (code !== undefined) {
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  return code;
}
