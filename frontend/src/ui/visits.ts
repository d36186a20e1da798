import { type Cursor, parseCursor, type Session } from "../client/index.ts";
import { lasting } from "./storage.ts";

/**
 * What this browser remembers of a person: the name, the rooms visited, and how far they were read.
 */

export interface Visit {
  room: string;
  at: number;
  read?: Cursor;
}

const MOST_ROOMS = 12;

export function visits(): Visit[] {
  const stored = lasting.get("rooms");
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((value: unknown) => {
    if (typeof value !== "object" || value === null) return [];
    const { room, at, read } = value as Record<string, unknown>;
    if (typeof room !== "string" || typeof at !== "number") return [];
    const cursor = parseCursor(read);
    return [{ room, at, ...(cursor === undefined ? {} : { read: cursor }) }];
  });
}

export function readUpTo(room: string): Cursor | undefined {
  return visits().find((visit) => visit.room === room)?.read;
}

export function visited(room: string, at: number, read?: Cursor): void {
  const before = visits();
  const known = read ?? before.find((visit) => visit.room === room)?.read;
  const visit: Visit = { room, at, ...(known === undefined ? {} : { read: known }) };
  const others = before.filter((one) => one.room !== room);
  lasting.set("rooms", [visit, ...others].slice(0, MOST_ROOMS));
}

export function forget(room: string): void {
  lasting.set(
    "rooms",
    visits().filter((visit) => visit.room !== room),
  );
}

export function savedName(): string | undefined {
  const name = lasting.get("name");
  return typeof name === "string" && name !== "" ? name : undefined;
}

export function saveName(name: string): void {
  lasting.set("name", name);
}

/**
 * Who one was here last; null when never anybody. The session itself is in a cookie that no script
 * can read.
 */
export function savedSession(): Session | null {
  const stored = lasting.get("session");
  if (typeof stored !== "object" || stored === null) return null;
  const { clientId, name } = stored as Record<string, unknown>;
  return typeof clientId === "string" && typeof name === "string" ? { clientId, name } : null;
}

export function saveSession(session: Session | null): void {
  lasting.set(
    "session",
    session === null ? undefined : { clientId: session.clientId, name: session.name },
  );
}
