import type { Cursor } from "../../client/index.ts";
import { lasting, tabwide } from "../storage.ts";
import type { Parcel, Part } from "./outgoing.ts";

/**
 * What is on its way, kept by the browser: a message in one store of IndexedDB, and the bytes of its
 * files in another, since these are written once. Each has a lock of its own that the tab holds, so
 * that another tab takes up only what no tab has. Where a browser has none of it, a reload loses what
 * was not sent, and one is asked before.
 */

type KeptPart = Omit<Part, "blob" | "state" | "problem" | "abort" | "thumb" | "becomes">;

interface Stored extends Pick<Parcel, "key" | "at" | "text" | "mentions"> {
  replyTo?: Cursor;
  parts: KeptPart[];
}

interface StoredInRoom extends Stored {
  room: string;
  /** Whose it is. */
  by: string | undefined;
}

export interface Kept extends Omit<Stored, "parts"> {
  parts: (KeptPart & Pick<Part, "blob">)[];
}

/** What is older is not sent any more: the room has moved on. Milliseconds. */
const OLD = 24 * 3_600_000;

const PARCELS = "parcels";
const BLOBS = "blobs";

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("caller.files", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(PARCELS, { keyPath: "key" });
      request.result.createObjectStore(BLOBS);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
  return opened;
}

async function inStore<T>(
  name: string,
  mode: IDBTransactionMode,
  run: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T | undefined> {
  try {
    const transaction = (await open()).transaction(name, mode);
    const request = run(transaction.objectStore(name));
    return await new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
      transaction.onerror = () => reject(transaction.error);
    });
  } catch {
    return undefined; // forbidden, full, or not there
  }
}

/** Keeps a message as it is now. */
export async function keepParcel(room: string, by: string | undefined, parcel: Stored) {
  lasting.set(`files.${room}`, true);
  void hold(parcel.key, true);
  const kept: StoredInRoom = { ...parcel, room, by };
  await inStore(PARCELS, "readwrite", (store) => store.put(kept));
}

/** Keeps the bytes of one of its files. Reports whether they are kept. */
export async function keepBlob(key: string, part: string, blob: Blob): Promise<boolean> {
  const done = await inStore(BLOBS, "readwrite", (store) => store.put(blob, `${key}/${part}`));
  return done !== undefined;
}

/** The message is in the log, or is not to be sent. */
export async function letGo(room: string, { key }: Pick<Parcel, "key">): Promise<void> {
  await inStore(PARCELS, "readwrite", (store) => store.delete(key));
  // Those of files that were taken out of it are there, too.
  const all = rangeOf(key);
  if (all) await inStore(BLOBS, "readwrite", (store) => store.delete(all));
  held.get(key)?.();
  held.delete(key);
  tabwide.set(
    "files",
    ownKeys().filter((one) => one !== key),
  );
  const left = await inStore<StoredInRoom[]>(PARCELS, "readonly", (store) => store.getAll());
  if (!left?.some((one) => one.room === room)) lasting.set(`files.${room}`, undefined);
}

function rangeOf(key: string): IDBKeyRange | undefined {
  return typeof IDBKeyRange === "undefined" ? undefined : IDBKeyRange.bound(`${key}/`, `${key}0`);
}

/** What no tab is sending, of this room and session. */
export async function keptOf(room: string, by: string | undefined): Promise<Kept[]> {
  if (!lasting.get(`files.${room}`)) return [];
  const all = await inStore<StoredInRoom[]>(PARCELS, "readonly", (store) => store.getAll());
  const found: Kept[] = [];
  for (const { key, room: where, by: whose } of all ?? []) {
    if (where !== room || (by !== undefined && whose !== undefined && by !== whose)) continue;
    if (held.has(key) || !(await hold(key))) continue;
    // The tab that had it may have gone on with it, or brought it out, until now.
    const kept = await inStore<StoredInRoom | undefined>(PARCELS, "readonly", (store) =>
      store.get(key),
    );
    if (kept === undefined) {
      await letGo(room, { key });
      continue;
    }
    const parts: Kept["parts"] = [];
    for (const part of kept.parts) {
      const path = `${kept.key}/${part.id}`;
      const blob = await inStore<Blob>(BLOBS, "readonly", (store) => store.get(path));
      if (blob) parts.push({ ...part, blob });
      else if (part.done) parts.push({ ...part, blob: new Blob() });
    }
    // A message without one of its files is not what was to be said.
    if (parts.length < kept.parts.length || Date.now() - kept.at > OLD) await letGo(room, kept);
    else found.push({ ...kept, parts });
  }
  return found;
}

/** What this tab has, and what ends that. */
const held = new Map<string, () => void>();

function ownKeys(): string[] {
  const keys = tabwide.get("files");
  return Array.isArray(keys) ? keys.map(String) : [];
}

/** A reload's new page may come before the old one has gone. Milliseconds. */
const RELOAD = 5_000;

/**
 * Reports whether this tab has it now: it has made it, or nobody has it. Over plain HTTP there are no
 * locks; then a tab takes up its own alone.
 */
async function hold(key: string, made = false): Promise<boolean> {
  if (held.has(key)) return true;
  const own = ownKeys().includes(key);
  if (!own && made) tabwide.set("files", [...ownKeys(), key]);
  const { locks } = navigator as { locks?: LockManager };
  if (!locks) {
    if (own || made) held.set(key, () => undefined);
    return own || made;
  }
  const how = own ? { signal: AbortSignal.timeout(RELOAD) } : { ifAvailable: true };
  return new Promise((resolve) => {
    locks
      .request(`caller.file.${key}`, how, (lock) => {
        if (!lock) return resolve(false);
        return new Promise<void>((release) => {
          held.set(key, release);
          resolve(true);
        });
      })
      .catch(() => resolve(false));
  });
}
