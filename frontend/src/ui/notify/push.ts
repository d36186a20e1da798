import { callServer } from "../call_server.ts";
import { lasting } from "../storage.ts";
import { savedSession } from "../visits.ts";
import { notifySettings } from "./notify_settings.ts";
import { readyRegistration, registration } from "./service_worker.ts";

/** Being told while the page is closed: docs/push.md. */

/** Where it is kept what the server was told last, and when. */
const TOLD = "push";
/** The server keeps a subscription for 30 days. Milliseconds. */
const TELL_AGAIN = 24 * 60 * 60 * 1_000;

/** The server sends pushes, and this browser takes some. */
export function offersPush(): boolean {
  const tag = document.querySelector('meta[name="caller-push"]');
  return tag?.getAttribute("content") === "on" && "PushManager" in window;
}

/** Reports whether the server will push to this browser from now on. */
export async function subscribePush(baseUrl: string): Promise<boolean> {
  const manager = offersPush() ? (await readyRegistration())?.pushManager : undefined;
  if (manager === undefined) return false;
  const { body } = await callServer(new URL("push/key", baseUrl), "GET");
  const key = body?.key;
  if (typeof key !== "string") return false;
  try {
    const known = await manager.getSubscription();
    const kept = known !== null && isBy(known, key) ? known : undefined;
    if (kept === undefined) await known?.unsubscribe(); // the server has another key since
    const subscription =
      kept ?? (await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
    return await tellServer(baseUrl, subscription);
  } catch {
    return false; // the browser has no push service, or does not reach it
  }
}

async function tellServer(baseUrl: string, subscription: PushSubscription): Promise<boolean> {
  const { rooms } = notifySettings();
  const who = savedSession()?.clientId;
  const said = { ...subscription.toJSON(), rooms };
  const { problem } = await callServer(new URL("push/subscription", baseUrl), "PUT", said);
  if (problem === undefined) lasting.set(TOLD, { at: Date.now(), what: summary(who) });
  return problem === undefined;
}

/** Tells the server again what it should know, when that is another or it was long ago. */
export async function renewPush(baseUrl: string): Promise<void> {
  if (!notifySettings().on || Notification.permission !== "granted") return;
  const { at, what } = (lasting.get(TOLD) ?? {}) as { at?: unknown; what?: unknown };
  const current = typeof at === "number" && Math.abs(Date.now() - at) < TELL_AGAIN;
  if (current && what === summary(savedSession()?.clientId)) return;
  await subscribePush(baseUrl);
}

function summary(who: string | undefined): string {
  return JSON.stringify([who, notifySettings().rooms]);
}

/** The server pushes to this browser no more. */
export async function unsubscribePush(baseUrl: string): Promise<void> {
  lasting.set(TOLD, undefined);
  const known = await (await registration())?.pushManager?.getSubscription().catch(() => null);
  if (!known) return;
  const { endpoint } = known;
  await known.unsubscribe().catch(() => {});
  await callServer(new URL("push/subscription", baseUrl), "DELETE", { endpoint });
}

/** Reports whether a subscription is for that key, which is in base64url. */
function isBy({ options }: PushSubscription, key: string): boolean {
  const own = options.applicationServerKey;
  if (own === null) return false;
  const text = btoa(String.fromCharCode(...new Uint8Array(own)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "") === key;
}
