/**
 * The parts of a service worker's world that are used: the page's and the worker's own types do not
 * go together in one program, and tests put others in their place.
 */

export interface Extendable {
  waitUntil(work: Promise<unknown>): void;
}

export interface FetchLike extends Extendable {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

export interface PushLike extends Extendable {
  readonly data: { text(): string } | null;
}

export interface ClickLike extends Extendable {
  readonly notification: { readonly data: unknown; close(): void };
}

export interface MessageLike extends Extendable {
  readonly data: unknown;
  readonly ports: readonly MessagePort[];
}

export interface WindowLike {
  readonly url: string;
  readonly focused: boolean;
  focus(): Promise<unknown>;
  postMessage(message: unknown): void;
}

export interface NotificationSettings {
  body: string;
  tag: string;
  renotify: boolean;
  icon: string;
  badge: string;
  dir: "auto";
  timestamp?: number;
  data: unknown;
}

export interface WorkerScope {
  readonly caches: CacheStorage;
  readonly fetch: typeof fetch;
  readonly registration: {
    readonly scope: string;
    showNotification(title: string, settings: NotificationSettings): Promise<void>;
  };
  readonly clients: {
    matchAll(options: {
      type: "window";
      includeUncontrolled: true;
    }): Promise<readonly WindowLike[]>;
    openWindow(url: string): Promise<unknown>;
  };
  readonly navigator: { setAppBadge?(count?: number): Promise<void> };
  addEventListener(type: "install" | "activate", run: (event: Extendable) => void): void;
  addEventListener(type: "fetch", run: (event: FetchLike) => void): void;
  addEventListener(type: "push", run: (event: PushLike) => void): void;
  addEventListener(type: "notificationclick", run: (event: ClickLike) => void): void;
  addEventListener(type: "message", run: (event: MessageLike) => void): void;
}
