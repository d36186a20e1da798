import { endOfClose } from "./end.ts";
import { decodeEvent, type Problem } from "./events.ts";
import { type Channel, type Environment, type Sink, streamUrl, type Target } from "./transport.ts";

const OPEN = 1;

/** GET /rooms/{room}/ws, or /stream/ws for several rooms: one event a text frame, commands the other way. */
export function openWs(env: Environment, target: Target, sink: Sink): Channel {
  const socket = env.socket(streamUrl(target, "/ws").replace(/^http/, "ws"), target.headers);
  let announced: Problem | undefined;

  socket.onmessage = ({ data }) => {
    const event = decodeEvent(data as string); // a binary frame is no JSON either
    if (!event) return sink.heard();
    // What ends one room of several leaves the connection to the others.
    if (event.type === "error" && !event.key && !(target.several && event.roomId))
      announced = event;
    sink.event(event);
  };
  // A refused handshake and a broken connection both end here, with 1006 and no reason: browsers tell no more.
  socket.onclose = ({ code, reason }) => sink.end(endOfClose(code, reason, announced));

  return {
    send(command) {
      if (socket.readyState !== OPEN) return false;
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
