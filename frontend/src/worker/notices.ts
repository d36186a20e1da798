import type { ClickLike, WindowLike, WorkerScope } from "./scope.ts";

/** A message that somebody is told of. */
export interface Notice {
  room: string;
  id: string;
  from: string;
  text: string;
}

/** Shows notifications, for pages behind others and for pushes while there is none. */
export interface Notices {
  /** Reports whether it is shown: each message is once, and not in the room that one looks at. */
  show(notice: Notice): Promise<boolean>;
  /** Leads to the message. */
  click(event: ClickLike): Promise<void>;
}

/** How many messages are known to have been told. */
const REMEMBERED = 200;

export function createNotices(scope: WorkerScope): Notices {
  const root = scope.registration.scope;
  const told = new Set<string>();
  const addressOf = (room: string) => `${root}rooms/${encodeURIComponent(room)}`;
  const isIn = (window: WindowLike, room: string) =>
    window.url.split(/[?#]/, 1)[0]?.replace(/\/$/, "") === addressOf(room);

  function windows(): Promise<readonly WindowLike[]> {
    return scope.clients.matchAll({ type: "window", includeUncontrolled: true });
  }

  return {
    async show({ room, id, from, text }) {
      const key = `${room}#${id}`;
      if (told.has(key)) return false;
      told.add(key);
      for (const old of told) {
        if (told.size <= REMEMBERED) break;
        told.delete(old);
      }
      const open = await windows();
      if (open.some((window) => window.focused && isIn(window, room))) return false;
      await scope.registration.showNotification(`${from} · ${room}`, {
        body: text,
        // One for each room: the last one.
        tag: `room ${room}`,
        renotify: true,
        icon: `${root}icons/icon-192.png`,
        badge: `${root}icons/badge-192.png`,
        dir: "auto",
        data: { room, id },
      });
      // The page counts while there is one.
      if (open.length === 0) await scope.navigator.setAppBadge?.();
      return true;
    },

    async click({ notification }) {
      notification.close();
      const { room, id } = (notification.data ?? {}) as Partial<Notice>;
      if (typeof room !== "string" || typeof id !== "string") return;
      const open = await windows();
      const window = open.find((one) => isIn(one, room)) ?? open.find((one) => isPage(one, root));
      if (window === undefined) {
        await scope.clients.openWindow(`${addressOf(room)}#${id}`);
        return;
      }
      window.postMessage({ type: "open", room, id });
      await window.focus();
    },
  };
}

/** It is the chat's page, and not one of its other addresses. */
function isPage({ url }: WindowLike, root: string): boolean {
  const path = url.split(/[?#]/, 1)[0]?.slice(root.length) ?? "";
  return url.startsWith(root) && (path === "" || /^rooms\/[^/]+\/?$/.test(path));
}

/** Reads what the server pushes (docs/protocol.md). */
export function readPush(text: string | undefined): Notice | undefined {
  try {
    const { roomId, id, from, excerpt } = JSON.parse(text ?? "") as Record<string, unknown>;
    return readNotice({ room: roomId, id, from, text: excerpt });
  } catch {
    return undefined;
  }
}

export function readNotice(value: unknown): Notice | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { room, id, from, text } = value as Record<string, unknown>;
  const all = [room, id, from, text].every((field) => typeof field === "string");
  return all ? ({ room, id, from, text } as Notice) : undefined;
}
