import type { Member, PresenceEvent, RosterSnapshot } from "./events.ts";

/** Who is there. Changes are numbered, so a missed one is noticed. */
export class Roster {
  #members = new Map<string, Member>();
  #list: readonly Member[] | undefined;
  #count = 0;
  #version = 0;

  get members(): readonly Member[] | undefined {
    return this.#list;
  }

  get count(): number {
    return this.#count;
  }

  get version(): number {
    return this.#version;
  }

  /** Takes a whole roster; one that is older than what is known, unless `force`, is passed over. */
  replace({ members, memberCount, version }: RosterSnapshot, force = false): void {
    if (!force && version < this.#version) return;
    this.#version = version;
    this.#members = new Map(members?.map((m) => [m.id, m]));
    this.#list = members && [...this.#members.values()];
    this.#count = this.#list?.length ?? memberCount;
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
    return known === (type === "joined") ? "news" : "applied";
  }
}
