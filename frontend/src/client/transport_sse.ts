import { type End, endOfProblem, lost } from "./end.ts";
import { decodeEvent } from "./events.ts";
import { problemOf, request } from "./http.ts";
import { sseParser } from "./sse_parser.ts";
import type { Target } from "./target.ts";
import type { Channel, Environment, Sink } from "./transport.ts";

const TYPE = "text/event-stream";

/**
 * GET /rooms/{room}/sse, or /stream/sse for several rooms, read with fetch rather than EventSource:
 * that one hides the status and the reason of a failure, and comes back when it likes, not when the
 * backoff says.
 */
export function openSse(env: Environment, target: Target, sink: Sink): Channel {
  const abort = new AbortController();
  const { signal } = abort;

  async function read(): Promise<End> {
    const response = await request(
      env,
      target.address("/sse", target.positions),
      target.headers,
      TYPE,
      signal,
    );
    const { body, headers } = response;
    if (!body || !headers.get("Content-Type")?.startsWith(TYPE)) {
      return endOfProblem(await problemOf(response));
    }
    const parse = sseParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return lost("stream ended");
      if (!signal.aborted) sink.heard();
      for (const data of parse(decoder.decode(value, { stream: true }))) {
        const event = decodeEvent(data);
        if (event && !signal.aborted) sink.event(event);
      }
    }
  }

  read()
    .catch((error) => lost(String(error)))
    .then((end) => {
      if (signal.aborted) return;
      abort.abort();
      sink.end(end);
    });

  return {
    send: () => false,
    close: () => abort.abort(),
  };
}
