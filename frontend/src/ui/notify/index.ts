import type { Message } from "../../client/conversation.ts";
import { notifySettings } from "./notify_settings.ts";

/** What of notifications comes with the page. The rest is loaded by who has turned them on. */

type NotifyModule = typeof import("./notify.ts");

let loaded: Promise<NotifyModule> | undefined;

/** Rejects where it can't be had: the next call tries again. */
export function loadNotify(): Promise<NotifyModule> {
  loaded ??= import("./notify.ts").catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

/** What is needed to read and write comes first. Milliseconds. */
const AFTER_LOAD = 2_000;

/** Loads it for later, while there is a network, and keeps the server's subscription current. */
export function startNotify(baseUrl: string): void {
  if (!notifySettings().on) return;
  setTimeout(() => {
    loadNotify().then(
      ({ renewPush }) => renewPush(baseUrl),
      () => {}, // there is none
    );
  }, AFTER_LOAD);
}

/** Somebody else has said something: tells of it where one does not look. */
export function tellOf(room: string, message: Message, self: string | undefined): void {
  if (!document.hidden && document.hasFocus()) return;
  if (!notifySettings().on) return;
  loadNotify().then(
    ({ tell }) => tell(room, message, self),
    () => {}, // there is no network
  );
}
