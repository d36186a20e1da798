import type { LinkOptions } from "./link.ts";
import { type LocksLike } from "./share_election.ts";
import type { Letter, Said } from "./share_letters.ts";
export interface HolderOptions {
    link: LinkOptions;
    /** The tab that this is. */
    id: string;
    /** The lock of each tab is named by this and the tab. */
    tabs: string;
    locks: LocksLike | undefined;
    tell(said: Said, to?: string): void;
}
/** The tab that holds the connection, for all: who is in which room, and what they are told. */
export declare class Holder {
    #private;
    constructor(options: HolderOptions);
    close(): void;
    /** What a tab, or this one, asks of the connection. */
    serve(letter: Letter): void;
    /** Call it now and then. */
    tick(): void;
}
