/** An admin API of the tests' own: what it is asked is kept, and answered by path. */
export interface Asked {
  call: string;
  body: unknown;
  headers: Record<string, string>;
}

type Answered = Response | object | undefined | null;

export class FakeAdmin {
  readonly asked: Asked[] = [];
  /** By `METHOD path`, without the query; the query is given. */
  readonly answers = new Map<string, (query: URLSearchParams) => Answered>();
  signedIn = true;
  /** The network is there. */
  reachable = true;
  readonly streams: FakeStream[] = [];

  fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(String(input));
    const method = init.method ?? "GET";
    const call = `${method} ${url.pathname.slice(1)}`;
    this.asked.push({
      call: `${call}${url.search}`,
      body: typeof init.body === "string" ? JSON.parse(init.body) : undefined,
      headers: { ...(init.headers as Record<string, string>) },
    });
    await Promise.resolve();
    if (!this.reachable) throw new TypeError("no network");
    if (call === "POST login") {
      const { token } = JSON.parse(String(init.body)) as { token: string };
      if (token !== "right") return problem(401, "session_invalid");
      this.signedIn = true;
      return new Response(null, { status: 204 });
    }
    if (!this.signedIn) return problem(401, "session_required");
    const answer = this.answers.get(call)?.(url.searchParams);
    if (answer instanceof Response) return answer;
    if (answer === undefined) return problem(404, "not_found");
    return answer === null ? new Response(null, { status: 204 }) : Response.json(answer);
  };

  /** What was asked but for what is asked again and again. */
  changes(): string[] {
    return this.asked.map(({ call }) => call).filter((call) => !call.startsWith("GET"));
  }

  /** Tells something on the streams of a path. */
  tell(path: string, name: string, data: object): void {
    for (const stream of this.streams) {
      if (stream.open && new URL(stream.url).pathname === `/${path}`) stream.tell(name, data);
    }
  }
}

export function problem(status: number, code: string, more: object = {}): Response {
  return new Response(JSON.stringify({ status, code, title: code, ...more }), {
    status,
    headers: { "Content-Type": "application/problem+json" },
  });
}

/** A browser's EventSource, as far as the page uses it. */
export class FakeStream extends EventTarget {
  static readonly CLOSED = 2;
  readonly url: string;
  readyState = 1;
  open = true;
  onopen: (() => void) | null = null;
  onmessage: ((event: Event) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(url: string, streams: FakeStream[]) {
    super();
    this.url = url;
    streams.push(this);
    queueMicrotask(() => this.onopen?.());
  }

  close(): void {
    this.open = false;
    this.readyState = 2;
  }

  tell(name: string, data: object): void {
    const event = new MessageEvent(name, { data: JSON.stringify(data) });
    if (name === "message") this.onmessage?.(event);
    else this.dispatchEvent(event);
  }
}
