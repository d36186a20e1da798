import { useLayoutEffect, useMemo } from "preact/hooks";
import type { Member, Person } from "../../client/index.ts";
import { type People, useSetPeople } from "./people.tsx";

/** Names that somebody had, and has now. */
interface Known {
  person: Person;
  names: Set<string>;
}

export interface Seen {
  /** Those present. */
  members: readonly Member[] | undefined;
  /** Who has written, the earliest first. */
  authors: readonly Person[];
  isMe(id: string): boolean;
}

/** Remembers whom a room has had, under which names. */
export class RoomPeople {
  readonly #known = new Map<string, Known>();
  #people: People | undefined;
  #present = "";

  /** The people after all of this was seen; the same object as long as nothing is new. */
  after({ members, authors, isMe }: Seen): People {
    let isNew = false;
    const latest = new Map<string, Person>();
    for (const person of authors) latest.set(person.id, person);
    for (const member of members ?? []) latest.set(member.id, member);
    for (const person of latest.values()) isNew = this.#learn(person) || isNew;
    for (const person of authors) {
      const known = this.#known.get(person.id);
      if (known !== undefined && !known.names.has(person.name)) {
        known.names.add(person.name);
        isNew = true;
      }
    }
    const present = (members ?? []).map(({ id }) => id);
    const key = present.join(" ");
    if (!isNew && this.#people !== undefined && key === this.#present) return this.#people;
    this.#present = key;
    this.#people = this.#build(new Set(present), isMe);
    return this.#people;
  }

  #learn(person: Person): boolean {
    const known = this.#known.get(person.id);
    if (known === undefined) {
      this.#known.set(person.id, { person, names: new Set([person.name]) });
      return true;
    }
    if (known.person.name === person.name) return false;
    known.person = person;
    known.names.add(person.name);
    return true;
  }

  #build(present: ReadonlySet<string>, isMe: (id: string) => boolean): People {
    const known = new Map(this.#known);
    const others = [...known.values()]
      .map(({ person }) => person)
      // A guest has another id with each connection: whoever has gone can't be told.
      .filter(({ id, guest }) => !isMe(id) && (!guest || present.has(id)))
      .sort(
        (a, b) =>
          Number(present.has(b.id)) - Number(present.has(a.id)) || a.name.localeCompare(b.name),
      );
    return {
      others,
      nameOf: (id) => known.get(id)?.person.name,
      namesOf: (id) => [...(known.get(id)?.names ?? [])],
      isMe,
    };
  }
}

/** Tells the people of a room to what is drawn of it. */
export function useRoomPeople(room: unknown, seen: Seen): void {
  const setPeople = useSetPeople();
  const people = useMemo(() => new RoomPeople(), [room]).after(seen);
  useLayoutEffect(() => setPeople(people), [people]);
}
