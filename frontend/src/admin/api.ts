/** Why the server refused something; `no_answer` where there was none at all. */
export interface Problem {
  status: number;
  code: string;
  title: string;
  detail?: string;
  field?: string;
  /** Seconds, where it is known when to come back. */
  retryAfter?: number;
}

export type Answer<T> =
  | { result: T; tag?: string | undefined; problem?: undefined }
  | { problem: Problem; result?: undefined };

export interface Ask {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Asks the admin API. It never rejects. */
export interface Api {
  get<T>(path: string, signal?: AbortSignal): Promise<Answer<T>>;
  send<T>(method: string, path: string, ask?: Ask): Promise<Answer<T>>;
  /** The whole address of a path. */
  url(path: string): string;
  /** Tells that the server doesn't take the session any more, and whether it answers at all. */
  onChange: { signedOut(): void; answers(yes: boolean): void };
}

/** How long an answer may take. Milliseconds. */
const PATIENCE = 30_000;

export function createApi(base: string): Api {
  const api: Api = {
    get: (path, signal) => api.send("GET", path, signal === undefined ? {} : { signal }),
    async send<T>(
      method: string,
      path: string,
      { body, headers, signal }: Ask = {},
    ): Promise<Answer<T>> {
      const limit = AbortSignal.timeout(PATIENCE);
      let response: Response;
      let text: string;
      try {
        response = await fetch(api.url(path), {
          method,
          headers: {
            Accept: "application/json",
            ...(body === undefined ? {} : { "Content-Type": "application/json" }),
            ...headers,
          },
          body: body === undefined ? null : JSON.stringify(body),
          credentials: "same-origin",
          cache: "no-store",
          redirect: "error",
          signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
        });
        text = await response.text();
      } catch {
        const aborted = signal?.aborted === true;
        if (!aborted) api.onChange.answers(false);
        return { problem: { status: 0, code: aborted ? "aborted" : "no_answer", title: "" } };
      }
      api.onChange.answers(true);
      const read = parse(text);
      // Health that is not well is an answer too, and no problem with the asking.
      if (response.ok || /^application\/json\b/.test(response.headers.get("Content-Type") ?? "")) {
        return { result: read as T, tag: response.headers.get("ETag") ?? undefined };
      }
      if (response.status === 401 && path !== "login") api.onChange.signedOut();
      return { problem: problemOf(response, read) };
    },
    url: (path) => new URL(path, base).href,
    onChange: { signedOut() {}, answers() {} },
  };
  return api;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {}; // 204, or a proxy's page
  }
}

function problemOf(response: Response, read: unknown): Problem {
  const fields = (typeof read === "object" && read !== null ? read : {}) as Record<string, unknown>;
  const word = (name: string) => (typeof fields[name] === "string" ? fields[name] : undefined);
  const after = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return {
    status: response.status,
    code: word("code") ?? (response.status >= 500 ? "unavailable" : String(response.status)),
    title: word("title") ?? response.statusText,
    ...(word("detail") === undefined ? {} : { detail: word("detail") as string }),
    ...(word("field") === undefined ? {} : { field: word("field") as string }),
    ...(Number.isFinite(after) ? { retryAfter: after } : {}),
  };
}

/** A key by which a repeat is known. (`randomUUID` is missing from pages over plain HTTP.) */
export function newKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

/** The path of something in a room. */
export function roomPath(room: string, rest = ""): string {
  return `api/rooms/${encodeURIComponent(room)}${rest}`;
}

/** Adds the parameters that say something. */
export function withQuery(
  path: string,
  params: Record<string, string | number | undefined>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** A list of the server's, where it may be left out or be null. */
export function listOf<T>(value: readonly T[] | null | undefined): readonly T[] {
  return Array.isArray(value) ? value : [];
}
