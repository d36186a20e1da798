import type { Client } from "./client_types.ts";
/** The call that is going on in a room. */
export interface Call {
    /** RFC 3339. */
    startedAt: string;
    memberCount: number;
}
export interface RoomCall {
    /** Undefined while there is none. Each of the room's members says whether it is `inCall`. */
    readonly call: Call | undefined;
}
/**
 * Follows the call of a client's room. `onChange` is called when it begins, ends or has another
 * size. It needs nothing of the client but its events.
 */
export declare function followCall(client: Pick<Client, "on" | "members">, onChange?: (call: Call | undefined) => void): RoomCall;
