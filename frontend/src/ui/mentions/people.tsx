import { type ComponentChildren, createContext } from "preact";
import { useContext, useState } from "preact/hooks";
import type { Person } from "../../client/index.ts";
import { assign } from "./assign.ts";

/** The people of a room, as far as the page has seen them. */
export interface People {
  /** Who may be mentioned, oneself excepted: those present first. */
  readonly others: readonly Person[];
  /** The name that somebody has now. */
  nameOf(id: string): string | undefined;
  /** All the names that somebody was seen under. */
  namesOf(id: string): readonly string[];
  isMe(id: string): boolean;
}

const NOBODY: People = {
  others: [],
  nameOf: () => undefined,
  namesOf: () => [],
  isMe: () => false,
};

/** Whom a message on the wire mentions. */
export function mentionsOf(fields: object | undefined): string[] {
  const ids = (fields as { readonly mentions?: unknown } | undefined)?.mentions;
  return Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : [];
}

const PeopleContext = createContext(NOBODY);
/** Apart from the people: whoever tells them is not drawn again by that. */
const SetContext = createContext((_: People): void => undefined);

/** Gives what is in it the people of the room that is shown, once the room has told them. */
export function WithPeople({ children }: { children: ComponentChildren }) {
  const [people, setPeople] = useState(NOBODY);
  return (
    <SetContext.Provider value={setPeople}>
      <PeopleContext.Provider value={people}>{children}</PeopleContext.Provider>
    </SetContext.Provider>
  );
}

export const usePeople = () => useContext(PeopleContext);
export const useSetPeople = () => useContext(SetContext);

/** Names that a message is searched for: those of whom it mentions. */
const MOST_NAMES = 200;

export interface Meant {
  /** The names to look for in the text; undefined if it mentions nobody. */
  names: readonly string[] | undefined;
  /** Whom those that were found mean. */
  meant(found: readonly string[]): readonly (string | undefined)[];
}

/** What the mentions of a message need. */
export function useMeant(mentions: readonly string[]): Meant {
  const people = usePeople();
  const names = [...new Set(mentions.flatMap((id) => people.namesOf(id)))]
    .sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
    .slice(0, MOST_NAMES);
  return {
    names,
    meant: (found: readonly string[]) => assign(found, mentions, (id) => people.namesOf(id)),
  };
}
