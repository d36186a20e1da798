import { roomHref } from "../routes.ts";

/**
 * The service worker shows the page where there is no network, and notifications. It needs HTTPS,
 * or this very machine; without, the page works as well.
 */
function container(): ServiceWorkerContainer | undefined {
  return "serviceWorker" in navigator ? navigator.serviceWorker : undefined;
}

/** What is needed to read and write comes first. Milliseconds. */
const AFTER_LOAD = 2_000;

/** Begins with it, once the page is there. */
export function followServiceWorker(baseUrl: string): void {
  const workers = container();
  if (workers === undefined) return;
  workers.addEventListener("message", ({ data }) => {
    const { type, room, id } = (data ?? {}) as Record<string, unknown>;
    if (type === "open" && typeof room === "string" && typeof id === "string") {
      openMessage(room, id, baseUrl);
    }
  });
  const register = () => {
    // It may be forbidden, or the disk may be full.
    workers.register(new URL("sw.js", baseUrl), { updateViaCache: "none" }).catch(() => {});
  };
  const later = () => setTimeout(register, AFTER_LOAD);
  if (document.readyState === "complete") later();
  else window.addEventListener("load", later, { once: true });
}

/** The worker's registration, once it runs; undefined where there is none. */
export async function registration(): Promise<ServiceWorkerRegistration | undefined> {
  const known = await container()
    ?.getRegistration(document.baseURI)
    .catch(() => undefined);
  return known?.active ? known : undefined;
}

/** A worker that is just being installed runs by then. Milliseconds. */
const READY_WITHIN = 15_000;

/** The registration, which may have to be waited for. */
export async function readyRegistration(): Promise<ServiceWorkerRegistration | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), READY_WITHIN);
  });
  const ready = await Promise.race([container()?.ready, late]);
  clearTimeout(timer);
  return ready;
}

/** Shows a message, as a link to it would. */
export function openMessage(room: string, id: string, baseUrl: string): void {
  const to = new URL(roomHref(room, baseUrl, location.search));
  to.hash = id;
  if (to.href === location.href) {
    // It was opened before, and one has scrolled away since.
    show(to.href.replace(/#.*/, ""));
    setTimeout(() => show(to.href));
    return;
  }
  history.pushState(null, "", to);
  window.dispatchEvent(new PopStateEvent("popstate"));
}

function show(href: string): void {
  history.replaceState(null, "", href);
  window.dispatchEvent(new PopStateEvent("popstate"));
}
