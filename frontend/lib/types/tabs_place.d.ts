import { type Connection, type ConnectionOptions } from "./connection.ts";
import type { Decision } from "./decisions.ts";
import type { RoomId } from "./events.ts";
import type { Input } from "./selector_input.ts";
import type { TabMessageBody } from "./tabs_messages.ts";
import { type TabRoom } from "./tabs_room.ts";
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
export declare function createPlace(hub: Hub, room: RoomId, options: ConnectionOptions): Connection;
