import { endOfProblem, endOfResponse, lost } from "./end.ts";
import { decodeEvent, type Problem } from "./events.ts";
import { SseParser } from "./sse_parser.ts";
import {
  type Channel,
  type Environment,
  ofOneRoom,
  type Sink,
  streamUrl,
  type Target,
} from "./transport.ts";

/**
 * GET /rooms/{room}/sse, or /stream/sse for several rooms, read with fetch rather than EventSource: that one hides the status and the reason of a failure,
 * and comes back when it likes, not when the backoff says.
 */
export function openSse(env: Environment, target: Target, sink: Sink): Channel {
  const abort = new AbortController();
  let closed = false;

  async function read(): Promise<void> {
    const response = await env.fetch(streamUrl(target, "/sse"), {
      headers: { ...target.headers, Accept: "text/event-stream" },
      cache: "no-store",
      credentials: "same-origin",
      signal: abort.signal,
    });
    if (closed) return;
    const type = response.headers.get("Content-Type") ?? "";
    if (!response.ok) return sink.end(await endOfResponse(response));
    if (!type.startsWith("text/event-stream") || response.body === null) {
      abort.abort();
      return sink.end(lost(`HTTP ${response.status} without an event stream`));
    }
    const parser = new SseParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    let announced: Problem | undefined;
    for (;;) {
      const { done, value } = await reader.read();
      if (closed) return;
      if (done) break;
      sink.heard();
      for (const block of parser.push(decoder.decode(value, { stream: true }))) {
        const event = decodeEvent(block.data);
        if (event === undefined) continue;
        if (event.type === "error" && !ofOneRoom(target, event)) announced = event;
        sink.event(event);
        if (closed) return;
      }
    }
    sink.end(announced === undefined ? lost("the stream ended") : endOfProblem(announced));
  }

  read().catch((error: unknown) => {
    if (!closed) sink.end(lost(String(error)));
  });

  return {
    send: () => false,
    close() {
      closed = true;
      abort.abort();
    },
  };
}
