import type { Cursor } from "./cursor.ts";
import type { ConnectionState, Decision } from "./decisions.ts";
import type { End } from "./end.ts";
import type { Command, RoomId, ServerEvent, Session } from "./events.ts";
import type { Input } from "./selector_input.ts";
import type { LocksLike } from "./tabs_lock.ts";
/** The part of a BroadcastChannel that is used. */
export interface ChannelLike {
    onmessage: ((event: {
        data: unknown;
    }) => void) | null;
    postMessage(data: unknown): void;
    close(): void;
}
/** What tabs have of each other; every part can be replaced in a test. */
export interface TabEnvironment {
    channel(name: string): ChannelLike;
    /** Missing on pages that came over plain HTTP. */
    locks?: LocksLike | undefined;
    visible(): boolean;
    /** Calls `run` when this tab is about to be frozen; returns what ends that. */
    onFreeze(run: () => void): () => void;
}
/**
 * What tabs tell the leader, up to `restart`, and what that one tells them.
 */
export type TabMessageBody = {
    type: "ask";
} | {
    type: "join";
    room: RoomId;
    after?: Cursor;
    session?: Session;
} | {
    type: "part";
    room: RoomId;
    leave: boolean;
} | {
    type: "send";
    room: RoomId;
    command: Command;
} | {
    type: "input";
    input: Input;
} | {
    type: "restart";
    session?: Session;
} | {
    type: "here";
    fresh: boolean;
} | {
    type: "joined";
    room: RoomId;
    first: boolean;
    n: number;
    state: ConnectionState;
    decisions: Decision[];
} | {
    type: "past";
    room: RoomId;
    events: ServerEvent[];
} | {
    type: "full";
    room: RoomId;
} | {
    type: "event";
    room: RoomId;
    n: number;
    event: ServerEvent;
} | {
    type: "activate";
} | {
    type: "state";
    state: ConnectionState;
} | {
    type: "decision";
    decision: Decision;
} | {
    type: "final";
    room?: RoomId;
    end: End;
} | {
    type: "bye";
};
/** `term` counts the leaders: the highest is right. Without `to` it is for all. */
export type TabMessage = TabMessageBody & {
    from: string;
    term: number;
    to?: string;
};
/** The tabs of this browser; undefined where they cannot hear each other. */
export declare function browserTabs(): TabEnvironment | undefined;
