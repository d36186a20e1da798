import { endOfClose } from "./end.ts";
import { decodeEvent, type Problem } from "./events.ts";
import {
  type Channel,
  type Environment,
  ofOneRoom,
  type Sink,
  streamUrl,
  type Target,
} from "./transport.ts";

const OPEN = 1;

/** GET /rooms/{room}/ws, or /stream/ws for several rooms: one event a text frame, commands the other way. */
export function openWs(env: Environment, target: Target, sink: Sink): Channel {
  const url = streamUrl(target, "/ws").replace(/^http/, "ws");
  const socket = env.socket(url, target.headers);
  let announced: Problem | undefined;

  socket.onmessage = ({ data }) => {
    const event = typeof data === "string" ? decodeEvent(data) : undefined;
    if (event === undefined) return sink.heard();
    if (event.type === "error" && event.key === undefined && !ofOneRoom(target, event))
      announced = event;
    sink.event(event);
  };
  // A refused handshake and a broken connection both end here, with 1006 and no reason: browsers tell no more.
  socket.onclose = ({ code, reason }) => {
    detach();
    sink.end(endOfClose(code, reason, announced));
  };

  function detach(): void {
    socket.onmessage = null;
    socket.onclose = null;
  }

  return {
    send(command) {
      if (socket.readyState !== OPEN) return false;
      socket.send(JSON.stringify(command));
      return true;
    },
    close() {
      detach();
      socket.close();
    },
  };
}
