import type { RoomFile } from "../src/client/files.ts";

interface Upload {
  size: number;
  metadata: Record<string, string>;
  bytes: Uint8Array;
}

/** The files' calls of a room's server, in memory: give its `answer` to a FakeServer, or its `fetch`. */
export class FakeFiles {
  readonly uploads = new Map<string, Upload>();
  /** Method and path of each call, with what was sent of a file. */
  readonly calls: string[] = [];
  /** Answers instead, where it has an answer; "cut" loses what is under way after half of it. */
  meanwhile:
    | ((method: string, path: string, size: number) => Response | "cut" | undefined)
    | undefined;
  max: number | undefined;
  made = 0;

  fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    if (init.signal?.aborted) throw new Error("aborted");
    const answer = await this.#answer(init.method ?? "GET", new URL(String(input)), init);
    return answer ?? new Response(null, { status: 405 });
  };

  async #answer(method: string, url: URL, init: RequestInit): Promise<Response | undefined> {
    const path = url.pathname.replace(/^\/rooms\/[^/]+/, "");
    const headers = new Headers(init.headers);
    const body = new Uint8Array(init.body instanceof Blob ? await init.body.arrayBuffer() : []);
    this.calls.push(`${method} ${path}${body.length > 0 ? ` ${body.length}` : ""}`);
    const [, kind, id = ""] = path.split("/");
    const upload = this.uploads.get(id);
    const instead = this.meanwhile?.(method, path, body.length);
    if (instead instanceof Response) return instead;
    if (instead === "cut") {
      if (upload) upload.bytes = joined(upload.bytes, body.slice(0, body.length / 2));
      throw new TypeError("network error");
    }
    if (kind === "uploads") {
      if (method === "OPTIONS") {
        const said: Record<string, string> = this.max ? { "Tus-Max-Size": `${this.max}` } : {};
        return new Response(null, { status: 204, headers: said });
      }
      if (method === "POST") return this.#begin(url, headers);
      if (upload === undefined) return new Response(null, { status: 404 });
      if (method === "PATCH") {
        if (Number(headers.get("Upload-Offset")) !== upload.bytes.length) {
          return new Response(null, { status: 409 });
        }
        upload.bytes = joined(upload.bytes, body);
      }
      const offset = { "Upload-Offset": `${upload.bytes.length}` };
      return new Response(null, { status: method === "PATCH" ? 204 : 200, headers: offset });
    }
    if (kind !== "files") return undefined;
    if (method === "DELETE") {
      this.uploads.delete(id);
      return new Response(null, { status: 204 });
    }
    return upload ? Response.json(this.fileOf(id)) : problem(404, "not_found");
  }

  fileOf(id: string): RoomFile {
    const { size = 0, metadata = {} } = this.uploads.get(id) ?? {};
    const { filename = "", filetype = "", duration, wave }: Record<string, string> = metadata;
    return {
      id,
      name: filename,
      type: filetype,
      size,
      ...(duration && { duration: Number(duration) }),
      ...(wave && { wave: JSON.parse(wave) }),
    };
  }

  text(id: string): string {
    return new TextDecoder().decode(this.uploads.get(id)?.bytes);
  }

  #begin(url: URL, headers: Headers): Response {
    const size = Number(headers.get("Upload-Length"));
    if (this.max && size > this.max) return problem(413, "too_large", { limit: this.max });
    const metadata = Object.fromEntries(
      (headers.get("Upload-Metadata") ?? "").split(",").map((pair) => {
        const [name = "", value = ""] = pair.split(" ");
        return [
          name,
          new TextDecoder().decode(Uint8Array.from(atob(value), (c) => c.charCodeAt(0))),
        ];
      }),
    );
    const id = `f-${++this.made}`;
    this.uploads.set(id, { size, metadata, bytes: new Uint8Array() });
    const Location = `${url.pathname}/${id}`;
    return new Response(null, { status: 201, headers: { Location } });
  }
}

export function problem(status: number, code: string, more: object = {}): Response {
  return new Response(JSON.stringify({ code, title: code, ...more }), {
    status,
    headers: { "Content-Type": "application/problem+json" },
  });
}

function joined(one: Uint8Array, two: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + two.length);
  both.set(one);
  both.set(two, one.length);
  return both;
}
