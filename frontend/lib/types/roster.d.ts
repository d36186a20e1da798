import type { Call, CallEvent, Member, PresenceEvent, RosterSnapshot } from "./events.ts";
/** Who is there, and who of them in the call. Changes are numbered, so a missed one is noticed. */
export declare class Roster {
    #private;
    get members(): readonly Member[] | undefined;
    get count(): number;
    get version(): number;
    get call(): Call | undefined;
    /** Takes a whole roster; one that is older than what is known, unless `force`, is passed over. */
    replace({ members, memberCount, version, call }: RosterSnapshot, force?: boolean): void;
    /**
     * - `applied`: somebody came or went
     * - `news`: of somebody who is known
     * - `old`: known already
     * - `missed`: there was one before it, so the roster must be read again
     */
    change({ type, member, version }: PresenceEvent): "applied" | "news" | "old" | "missed";
    /** The call began or ended; who is in it was told before. */
    called({ state, time }: CallEvent): void;
}
