import type { Call, CallEvent, Member, PresenceEvent, RosterSnapshot } from "./events.ts";

/** Who is there, and who of them in the call. Changes are numbered, so a missed one is noticed. */
export class Roster {
  #members = new Map<string, Member>();
  #list: readonly Member[] | undefined;
  #count = 0;
  #version = 0;
  #call: Call | undefined;

  get members(): readonly Member[] | undefined {
    return this.#list;
  }

  get count(): number {
    return this.#count;
  }

  get version(): number {
    return this.#version;
  }

  get call(): Call | undefined {
    return this.#call;
  }

  /** Takes a whole roster; one that is older than what is known, unless `force`, is passed over. */
  replace({ members, memberCount, version, call }: RosterSnapshot, force = false): void {
    if (!force && version < this.#version) return;
    this.#version = version;
    this.#members = new Map(members?.map((m) => [m.id, m]));
    this.#list = members && [...this.#members.values()];
    this.#count = this.#list?.length ?? memberCount;
    this.#call = call;
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
    const known = this.#members.has(member.id);
    if (this.#list === undefined) {
      this.#count = Math.max(0, this.#count + (type === "joined" ? 1 : -1));
      return "applied";
    }
    if (type === "joined") this.#members.set(member.id, member);
    else this.#members.delete(member.id);
    this.#list = [...this.#members.values()];
    this.#count = this.#list.length;
    if (this.#call) this.#setCall(this.#call.startedAt);
    return known === (type === "joined") ? "news" : "applied";
  }

  /** The call began or ended; who is in it was told before. */
  called({ state, time }: CallEvent): void {
    this.#call = undefined;
    if (state === "started") this.#setCall(time);
  }

  #setCall(startedAt: string): void {
    const memberCount = this.#list?.filter((member) => member.inCall).length ?? 1;
    this.#call = memberCount > 0 ? { startedAt, memberCount } : undefined;
  }
}
