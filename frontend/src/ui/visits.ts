import { type Cursor, parseCursor, type Session } from "../client/index.ts";
import { lasting } from "./storage.ts";

/**
 * What this browser remembers of a person: the name, the rooms visited, and how far they were read.
 */

export interface Visit {
  room: string;
  /** When one was there, and when somebody wrote there last. Milliseconds. */
  at: number;
  wroteAt?: number;
  read?: Cursor;
  /** One is not in it any more. */
  left?: true;
  /** It does not count, and calls nobody. */
  muted?: true;
}

const MOST_ROOMS = 50;
const KEY = "rooms";

/** The rooms that one is in or has been in, the last visited first. */
export function visits(): Visit[] {
  const stored = lasting.get(KEY);
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((value: unknown) => {
    if (typeof value !== "object" || value === null) return [];
    const { room, at, wroteAt, read, left, muted } = value as Record<string, unknown>;
    if (typeof room !== "string" || typeof at !== "number") return [];
    const cursor = parseCursor(read);
    return [
      {
        room,
        at,
        ...(typeof wroteAt === "number" ? { wroteAt } : {}),
        ...(cursor === undefined ? {} : { read: cursor }),
        ...(left === true ? { left } : {}),
        ...(muted === true ? { muted } : {}),
      },
    ];
  });
}

export function visitOf(room: string): Visit | undefined {
  return visits().find((visit) => visit.room === room);
}

/** One is in the room now. */
export function visited(room: string, at: number): void {
  const before = visits();
  const { left: _, ...known } = before.find((visit) => visit.room === room) ?? {};
  const others = before.filter((one) => one.room !== room);
  lasting.set(KEY, [{ ...known, room, at }, ...others].slice(0, MOST_ROOMS));
}

/** Takes up a room that one has come into elsewhere. It is the last of those that are known. */
export function addVisit(room: string, at: number): void {
  const known = visits();
  if (known.length < MOST_ROOMS) lasting.set(KEY, [...known, { room, at }]);
}

/** Notes something about a room that is known; undefined takes it away. */
export function noteVisit(
  room: string,
  news: { [Name in "wroteAt" | "read" | "left" | "muted"]?: Visit[Name] | undefined },
): void {
  const before = visits();
  const next = before.map((visit) => (visit.room === room ? { ...visit, ...news } : visit));
  if (JSON.stringify(before) !== JSON.stringify(next)) lasting.set(KEY, next);
}

export function forget(room: string): void {
  lasting.set(
    KEY,
    visits().filter((visit) => visit.room !== room),
  );
}

/** Calls `run` when another tab has changed the rooms. Returns what ends that. */
export function onVisits(run: () => void): () => void {
  const onStorage = (event: StorageEvent) => {
    if (event.key === null || event.key.endsWith(`.${KEY}`)) run();
  };
  window.addEventListener("storage", onStorage);
  return () => window.removeEventListener("storage", onStorage);
}

/**
 * Somebody else vouches for who one is here, and the server alone knows the name. The session is in
 * a cookie that no script can read; this one beside it says that much.
 */
export function vouched(): boolean {
  return /(^|; )caller_vouched=/.test(document.cookie);
}

/** Somebody has vouched for who one was here last; see sign_out.ts, too. */
const VOUCHED = "vouched";

/** Reports of somebody who has no name whether that is because a sign-in is over. */
export function isSignInOver(): boolean {
  return lasting.get(VOUCHED) === true;
}

/** What one calls oneself here. */
export function savedName(): string | undefined {
  const name = lasting.get("name");
  return typeof name === "string" && name !== "" && !vouched() ? name : undefined;
}

export function saveName(name: string): void {
  if (vouched()) return;
  lasting.set("name", name);
  lasting.set(VOUCHED, undefined);
}

/**
 * Who one was here last; null when never anybody, undefined when the server has to be asked. The
 * session itself is in a cookie that no script can read.
 */
export function savedSession(): Session | null | undefined {
  if (vouched()) return undefined;
  const stored = lasting.get("session");
  if (typeof stored !== "object" || stored === null) return null;
  const { clientId, name } = stored as Record<string, unknown>;
  return typeof clientId === "string" && typeof name === "string" ? { clientId, name } : null;
}

export function saveSession(session: Session | null): void {
  const fixed = vouched();
  if (fixed) {
    // When that is over, one is nobody from before by oneself.
    lasting.set(VOUCHED, true);
    lasting.set("name", undefined);
  }
  lasting.set(
    "session",
    session === null || fixed ? undefined : { clientId: session.clientId, name: session.name },
  );
}
