import { type Connection, type ConnectionOptions, createConnection } from "./connection.ts";
import type { Decision } from "./decisions.ts";
import type { RoomId } from "./events.ts";
import type { Input } from "./selector_input.ts";
import type { TabMessageBody } from "./tabs_messages.ts";
import { createTabRoom, type TabRoom } from "./tabs_room.ts";
import type { Environment } from "./transport.ts";

/** One room of this tab, while it takes part in what the tabs share. */
export interface Place {
  readonly room: RoomId;
  readonly options: ConnectionOptions;
  readonly tabRoom: TabRoom;
  /** There is no room left on the shared connection. */
  full(): void;
}

/** What a room has of its tab. */
export interface Hub {
  readonly env: Environment;
  /** The rooms that take part. */
  readonly places: Map<RoomId, Place>;
  /** The last ones about the connection. */
  readonly decisions: readonly Decision[];
  /** Asks the tab that leads. */
  ask(body: TabMessageBody): void;
  /** A room takes part. */
  enter(place: Place): void;
  /** Tells the connection about the device or the network. */
  pass(input: Input): void;
  /** As who one is now. */
  restart(place: Place): void;
  /** No room takes part any more. */
  quit(): void;
}

/** The connection of one room of this tab: its place on the shared one, or one of its own. */
export function createPlace(hub: Hub, room: RoomId, options: ConnectionOptions): Connection {
  const { places, ask } = hub;
  const tabRoom = createTabRoom({ room, connection: options, ask });
  const place: Place = { room, options, tabRoom, full: onItsOwn };
  let own: Connection | undefined;
  /** What was decided before it came. */
  let told = false;

  const takesPart = () => places.get(room) === place;

  function start(): void {
    if (takesPart()) return tabRoom.join();
    // Another client of this tab reads the same room.
    if (places.has(room)) return onItsOwn();
    places.set(room, place);
    tabRoom.start();
    if (!told) for (const decision of hub.decisions) options.onDecision(decision);
    told = true;
    hub.enter(place);
  }

  function onItsOwn(): void {
    out();
    options.onDecision({ at: hub.env.now(), what: "own", why: "full" });
    own = createConnection(options);
    own.input({ type: "start" });
  }

  function out(): void {
    if (!takesPart()) return;
    tabRoom.stop();
    places.delete(room);
    if (places.size === 0) hub.quit();
  }

  function stop(): void {
    if (!takesPart()) return;
    tabRoom.part(false);
    out();
    options.onState({ status: "idle", proven: false, failures: 0 });
  }

  function input(input: Input): void {
    if (own) return own.input(input);
    if (input.type === "start") return start();
    if (input.type === "stop") return stop();
    if (input.type === "reconnect") {
      hub.restart(place);
      return start();
    }
    if (takesPart()) hub.pass(input);
  }

  return {
    input,
    send(command) {
      if (own) return own.send(command);
      if (command.type === "leave") {
        tabRoom.part(true);
        return true;
      }
      if (!tabRoom.canSend()) return false;
      ask({ type: "send", room, command });
      return true;
    },
  };
}
