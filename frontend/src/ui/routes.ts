import {
  type Cursor,
  parseCursor,
  TIMING,
  type Timing,
  TRANSPORTS,
  type Transport,
} from "../client/index.ts";

export { normalRoom } from "./room_name.ts";

/** Where the page is served from, with a slash at the end; the server writes it into <base>. */
export function baseUrl(): string {
  return document.baseURI;
}

/** The room that an address shows; undefined for the start screen. */
export function roomOf(href: string, base: string): string | undefined {
  const path = new URL(href).pathname.slice(new URL(base).pathname.length);
  const match = /^rooms\/([^/]+)\/?$/.exec(path);
  if (match?.[1] === undefined) return undefined;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return undefined;
  }
}

/** The query goes along, so that a pinned transport stays pinned. */
export function roomHref(room: string, base: string, search = ""): string {
  return new URL(`rooms/${encodeURIComponent(room)}${search}`, base).href;
}

/** The message that an address leads to: `/rooms/lobby#42-7f3a9c12`. */
export function messageOf(href: string): Cursor | undefined {
  return parseCursor(new URL(href).hash.slice(1));
}

/** The address of a message in the room on screen, as one gives it to others. */
export function messageHref(id: Cursor, href = location.href): string {
  const url = new URL(href);
  url.search = "";
  url.hash = id;
  return url.href;
}

/** The same for a link in the page: what is pinned stays pinned, so that nothing is loaded anew. */
export function messageHrefHere(id: Cursor, href = location.href): string {
  const url = new URL(href);
  url.hash = id;
  return url.href;
}

export function pinnedTransport(search: string): Transport | undefined {
  const asked = new URLSearchParams(search).get("transport");
  return TRANSPORTS.find((transport) => transport === asked);
}

/** For tests, which can't wait for minutes. */
const FAST: Partial<Timing> = { firstProbe: 1_000, probeEvery: 2_000, probation: 2_000 };

/** `?timing=fast`, or times by name in milliseconds: `?timing=firstProbe:500,probation:3000`. */
export function timingOf(search: string): Partial<Timing> | undefined {
  const asked = new URLSearchParams(search).get("timing");
  if (asked === null) return undefined;
  if (asked === "fast") return FAST;
  const timing: Partial<Timing> = {};
  for (const part of asked.split(",")) {
    const [name = "", ms] = part.split(":");
    if (name in TIMING && Number(ms) > 0) timing[name as keyof Timing] = Number(ms);
  }
  return timing;
}
