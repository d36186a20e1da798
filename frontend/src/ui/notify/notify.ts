import type { Message } from "../../client/conversation.ts";
import type { Notice } from "../../worker/notices.ts";
import { textOf } from "../conversation/talk.ts";
import { inOneLine } from "../text/typed.ts";
import { visits } from "../visits.ts";
import { levelOf, notifySettings } from "./notify_settings.ts";
import { openMessage, registration } from "./service_worker.ts";
import { playSound } from "./sound.ts";

export { renewPush, subscribePush, unsubscribePush } from "./push.ts";

/** What was said longer ago comes with a reconnect: one finds it by looking. Milliseconds. */
const FRESH = 120_000;
/** A notification shows two or three lines. Characters. */
const EXCERPT = 200;
/** Longer than a service worker takes to start. Milliseconds. */
const ANSWER_WITHIN = 10_000;

/** Reports whether a message is for somebody: it names them, or answers them. */
export function isFor({ mentions, replyTo }: Message, self: string | undefined): boolean {
  if (self === undefined) return false;
  return mentions?.includes(self) === true || replyTo?.from?.id === self;
}

/** Tells of a message, if one wants to know of it. */
export async function tell(
  room: string,
  message: Message,
  self: string | undefined,
  now = Date.now(),
): Promise<void> {
  const settings = notifySettings();
  const level = levelOf(settings, room);
  if (level === "none" || (level === "mentions" && !isFor(message, self))) return;
  if (level === "all" && isMuted(room) && !isFor(message, self)) return;
  if (message.deleted || now - Date.parse(message.time) > FRESH) return;
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const text = inOneLine(textOf(message)).slice(0, EXCERPT);
  const shown = await show({ room, id: message.id, from: message.from.name, text });
  if (shown && settings.sound) playSound();
}

/** A room whose messages are not counted is not told of either, but for what is for oneself. */
function isMuted(room: string): boolean {
  return visits().find((visit) => visit.room === room)?.muted === true;
}

/**
 * Reports whether it is shown. The service worker shows each message once, whatever the number of
 * tabs, and leads to it when one clicks.
 */
async function show(notice: Notice): Promise<boolean> {
  const worker = (await registration())?.active;
  return worker ? askWorker(worker, notice) : showAlone(notice);
}

function askWorker(worker: ServiceWorker, notice: Notice): Promise<boolean> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const timer = setTimeout(() => resolve(false), ANSWER_WITHIN);
    port1.onmessage = ({ data }) => {
      clearTimeout(timer);
      resolve(data === true);
      port1.close();
    };
    worker.postMessage(notice, [port2]);
  });
}

/** Without a worker, as over plain HTTP on this very machine. */
function showAlone({ room, id, from, text }: Notice): boolean {
  try {
    const icon = new URL("icons/icon-192.png", document.baseURI).href;
    const shown = new Notification(`${from} · ${room}`, { body: text, tag: `room ${room}`, icon });
    shown.onclick = () => {
      window.focus();
      openMessage(room, id, document.baseURI);
      shown.close();
    };
    return true;
  } catch {
    return false; // phones show them by a worker alone
  }
}
