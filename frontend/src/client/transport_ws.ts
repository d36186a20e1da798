import { endOfClose } from "./end.ts";
import { decodeEvent } from "./events.ts";
import type { Target } from "./target.ts";
import type { Channel, Environment, Sink } from "./transport.ts";

/**
 * GET /rooms/{room}/ws, or /stream/ws for several rooms: one event a text frame, commands the other
 * way.
 */
export function openWs(env: Environment, target: Target, sink: Sink): Channel {
  const socket = env.socket(
    target.address("/ws", target.positions).replace(/^http/, "ws"),
    target.headers,
  );

  socket.onmessage = ({ data }) => {
    const event = decodeEvent(data as string); // a binary frame is no JSON either
    if (event) sink.event(event);
    else sink.heard();
  };
  // Node's `ws` throws for an error that nobody hears, after `close()` too.
  socket.onerror = () => undefined;
  // A refused handshake and a broken connection both end here, with 1006 and no reason: browsers
  // tell no more.
  socket.onclose = ({ code, reason }) => sink.end(endOfClose(code, reason));

  return {
    send(command) {
      if (socket.readyState !== 1) return false; // it is not open yet, or not any more
      socket.send(JSON.stringify(command));
      return true;
    },
    close() {
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    },
  };
}
