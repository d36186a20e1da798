import { useLayoutEffect, useState } from "preact/hooks";

/**
 * Where in the page one is: it is in the address after the #, so that Back, reloads and links work
 * wherever the page is served.
 */
export interface Route {
  /** The section, as in `rooms`. */
  page: string;
  /** What of it: a room's name, a session's id. */
  of?: string | undefined;
  /** Which part of that. */
  part?: string | undefined;
  params: Record<string, string>;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [page, of, part] = path.split("/").map(decode);
  return {
    page: page === undefined || page === "" ? "overview" : page,
    of: of === "" ? undefined : of,
    part: part === "" ? undefined : part,
    params: Object.fromEntries(new URLSearchParams(query)),
  };
}

export interface To {
  page: string;
  of?: string | undefined;
  part?: string | undefined;
  params?: Record<string, string | number | undefined>;
}

/** The address of a place, for a link. */
export function hrefTo({ page, of, part, params = {} }: To): string {
  const path = [page, of, part].filter((one) => one !== undefined).map(encodeURIComponent);
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return `#/${path.join("/")}${text === "" ? "" : `?${text}`}`;
}

export function goTo(to: To): void {
  location.hash = hrefTo(to);
}

/** Goes there without an entry in the history: what was typed into a filter. */
export function replaceTo(to: To): void {
  history.replaceState(history.state, "", hrefTo(to));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  // Not after the paint: who is quick would be elsewhere then, and not hear of it.
  useLayoutEffect(() => {
    const update = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", update);
    return () => removeEventListener("hashchange", update);
  }, []);
  return route;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // somebody typed a % of their own
  }
}
