import type { Person, RosterSnapshot, ServerEvent } from "../client/index.ts";

/** Somebody came or went; or in a large room, where nobody is named, so many. */
export type RosterChange =
  | { kind: "presence"; type: "joined" | "left"; person: Person }
  | { kind: "crowd"; change: number };

/**
 * Finds out who came and went, also where the server tells the whole roster or its size only: by
 * polling, after news that was missed, and in a large room.
 */
export class RosterNews {
  #known: Map<string, Person> | undefined;
  #count = 0;
  #version = 0;

  take(event: ServerEvent): RosterChange[] {
    switch (event.type) {
      case "welcome":
        this.#set(event);
        return [];
      case "members":
        return event.version < this.#version ? [] : this.#compare(event);
      case "joined":
      case "left":
        return this.#one(event.type, event.member, event.version);
      default:
        return [];
    }
  }

  #one(type: "joined" | "left", person: Person, version: number): RosterChange[] {
    if (version <= this.#version) return [];
    this.#version = version;
    const joined = type === "joined";
    // News of somebody who is there is no arrival.
    if (this.#known?.has(person.id) === joined) return [];
    this.#count += joined ? 1 : -1;
    if (joined) this.#known?.set(person.id, person);
    else this.#known?.delete(person.id);
    return [{ kind: "presence", type, person }];
  }

  #compare(next: RosterSnapshot): RosterChange[] {
    const before = this.#known;
    const count = this.#count;
    this.#set(next);
    const now = this.#known;
    if (before === undefined || now === undefined) {
      const change = this.#count - count;
      return change === 0 ? [] : [{ kind: "crowd", change }];
    }
    const changes: RosterChange[] = [];
    for (const [id, person] of now) {
      if (!before.has(id)) changes.push({ kind: "presence", type: "joined", person });
    }
    for (const [id, person] of before) {
      if (!now.has(id)) changes.push({ kind: "presence", type: "left", person });
    }
    return changes;
  }

  #set({ members, memberCount, version }: RosterSnapshot): void {
    this.#known = members && new Map(members.map((member) => [member.id, member]));
    this.#count = memberCount;
    this.#version = version;
  }
}
