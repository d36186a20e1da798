import type { Call, CallEvent, Member, PresenceEvent, RosterSnapshot } from "./events.ts";

/** Who is there, and who of them in the call. Changes are numbered, so a missed one is noticed. */
export class Roster {
  members: readonly Member[] | undefined;
  count = 0;
  call: Call | undefined;
  #version = 0;

  /** Takes a whole roster; one that is older than what is known, unless `force`, is passed over. */
  replace({ members, memberCount, version, call }: RosterSnapshot, force = false): void {
    if (!force && version < this.#version) return;
    this.#version = version;
    this.members = members;
    this.count = memberCount;
    this.call = call;
  }

  /**
   * - `applied`: somebody came or went
   * - `news`: of somebody who is known
   * - `old`: known already
   * - `missed`: there was one before it, so the roster must be read again
   */
  change({ type, member, version }: PresenceEvent): "applied" | "news" | "old" | "missed" {
    if (version <= this.#version) return "old";
    if (version !== this.#version + 1) return "missed";
    this.#version = version;
    const before = this.count;
    const joined = type === "joined" ? [member] : [];
    if (this.members) {
      this.members = [...this.members.filter(({ id }) => id !== member.id), ...joined];
      this.count = this.members.length;
      if (this.call) this.#setCall(this.call.startedAt);
    } else this.count += joined.length * 2 - 1;
    return this.count === before ? "news" : "applied";
  }

  /** The call began or ended; who is in it was told before. */
  called({ state, time }: CallEvent): void {
    this.call = undefined;
    if (state === "started") this.#setCall(time);
  }

  #setCall(startedAt: string): void {
    const memberCount = this.members?.filter((member) => member.inCall).length ?? 1;
    this.call = memberCount > 0 ? { startedAt, memberCount } : undefined;
  }
}
