import type { CallEvent, PresenceEvent, RosterSnapshot } from "./events.ts";
/** The roster once somebody came or went, or has other news: who is known joins again with them. */
export declare function changed(roster: RosterSnapshot, { type, member, version }: PresenceEvent): RosterSnapshot;
/** The roster once its call began or ended; who is in it was told before. */
export declare function called(roster: RosterSnapshot, { state, time }: CallEvent): RosterSnapshot;
