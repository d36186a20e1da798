import { type LinkOptions, type Port } from "./link.ts";
import { type LocksLike } from "./share_election.ts";
/** The part of a BroadcastChannel that is used. */
export interface ChannelLike {
    onmessage: ((event: {
        data: unknown;
    }) => void) | null;
    postMessage(data: unknown): void;
    close(): void;
}
/** What tabs have of each other; every part can be replaced in a test. */
export interface Neighbours {
    channel(name: string): ChannelLike;
    /** Missing on pages that came over plain HTTP. */
    locks?: LocksLike | undefined;
    visible(): boolean;
}
/** Joins what the tabs of this origin share, under a name that says to which server and how. */
export declare function share(name: string, baseUrl: string, near?: Neighbours | undefined): (options: LinkOptions) => Port;
