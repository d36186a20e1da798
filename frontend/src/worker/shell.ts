import type { FetchLike, WorkerScope } from "./scope.ts";

/**
 * The page without a network: its own files and nothing else. What a room's page comes with is
 * never kept, and no stream, post or other call goes through here.
 */
export interface Shell {
  /** Gets all that the page needs to show, or fails. */
  install(): Promise<void>;
  /** Forgets what earlier versions kept. */
  activate(): Promise<void>;
  /** Answers what is the page's own, and leaves everything else to the browser. */
  fetch(event: FetchLike): void;
}

/**
 * `files` are the page's own, below the worker's scope, its script first. Their names have a hash
 * of their content, so that the list is another one for another page.
 */
export function createShell(scope: WorkerScope, files: readonly string[]): Shell {
  const root = scope.registration.scope;
  // Others on this origin, and other Callers below other paths, have caches too.
  const prefix = `caller ${root} `;
  const name = prefix + files.join(" ");

  /** What is asked for below the scope; undefined for anything elsewhere. */
  function pathOf(url: string): string | undefined {
    const path = url.split(/[?#]/, 1)[0] ?? "";
    return path.startsWith(root) ? path.slice(root.length) : undefined;
  }

  async function kept(url: string): Promise<Response | undefined> {
    const cache = await scope.caches.open(name);
    return cache.match(url, { ignoreVary: true });
  }

  /** The page as the server has it now; without an answer, the one that was kept. */
  async function page(request: Request): Promise<Response> {
    try {
      return await scope.fetch(request);
    } catch (error) {
      const response = await kept(root);
      if (response !== undefined) return response;
      throw error;
    }
  }

  /** The same name is the same file for ever. */
  async function asset(event: FetchLike): Promise<Response> {
    const known = await kept(event.request.url);
    if (known !== undefined) return known;
    const response = await scope.fetch(event.request);
    if (response.status === 200 && isFile(response)) {
      const copy = response.clone();
      const keep = scope.caches.open(name).then((cache) => cache.put(event.request.url, copy));
      event.waitUntil(keep.catch(() => {})); // the disk may be full
    }
    return response;
  }

  /** A portal, or a page to sign in at, may answer for any address; and would be kept for ever. */
  function isFile({ redirected, headers }: Response): boolean {
    return !redirected && !headers.get("Content-Type")?.startsWith("text/html");
  }

  async function icon(request: Request): Promise<Response> {
    try {
      return await scope.fetch(request);
    } catch (error) {
      const response = await kept(request.url);
      if (response !== undefined) return response;
      throw error;
    }
  }

  return {
    async install() {
      const response = await scope.fetch(root, {
        headers: { Accept: "text/html" },
        cache: "no-store",
      });
      const html = await response.clone().text();
      // While a new version comes to one node after the other, the page may be another one's.
      if (!response.ok || !html.includes(files[0] ?? "")) throw new Error("another version's page");
      const cache = await scope.caches.open(name);
      await cache.addAll(files.map((file) => root + file));
      await cache.put(root, response);
    },

    async activate() {
      const names = await scope.caches.keys();
      const old = names.filter((other) => other.startsWith(prefix) && other !== name);
      await Promise.all(old.map((other) => scope.caches.delete(other)));
    },

    fetch(event) {
      const { request } = event;
      const path = pathOf(request.url);
      if (request.method !== "GET" || path === undefined) return;
      if (request.mode === "navigate") {
        if (path === "" || /^rooms\/[^/]+\/?$/.test(path)) event.respondWith(page(request));
      } else if (path.startsWith("assets/")) {
        if (!request.headers.has("Range")) event.respondWith(asset(event));
      } else if (files.includes(path)) {
        event.respondWith(icon(request));
      }
    },
  };
}
