import type { PresenceEvent, RosterSnapshot } from "./events.ts";
/** The roster once somebody came or went, or has other news: who is known joins again with them. */
export declare function changed(roster: RosterSnapshot, { type, member, version }: PresenceEvent): RosterSnapshot;
