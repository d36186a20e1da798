import { describe, expect, test } from "vitest";
import type { Member, Person } from "../../../src/client/index.ts";
import { assign } from "../../../src/ui/mentions/assign.ts";
import { matching, mentionsIn, queryAt } from "../../../src/ui/mentions/complete.ts";
import { RoomPeople } from "../../../src/ui/mentions/room_people.ts";

const ANN: Person = { id: "ann", name: "Ann" };
const ANN_LEE: Person = { id: "lee", name: "Ann Lee" };
const OTHER_ANN: Person = { id: "ann2", name: "Ann" };
const ZOE: Person = { id: "zoe", name: "Zoë-Маша" };

describe("the name that is being written", () => {
  test.each([
    ["@", ""],
    ["hi @an", "an"],
    ["(@Ann L", "Ann L"],
    ["a\n@b", "b"],
    ["@a @b", "b"],
    ["я @б", "б"],
  ])("%j", (text, query) => {
    expect(queryAt(text, text.length)?.text).toBe(query);
  });

  test.each(["", "a", "mail@an", "@ an", "@a\nb", "@a  b", `@${"a".repeat(50)}`])("%j", (text) => {
    expect(queryAt(text, text.length)).toBeUndefined();
  });

  test("ends at the caret", () => {
    expect(queryAt("@ann rest", 3)).toEqual({ start: 0, text: "an" });
    expect(queryAt("@ann", 0)).toBeUndefined();
  });
});

test("people are found by any part of their name, without accents, in both cases", () => {
  const people = [ZOE, ANN_LEE, ANN];
  const found = (query: string) => matching(people, query).map(({ id }) => id);
  expect(found("")).toEqual(["zoe", "lee", "ann"]);
  expect(found("AN")).toEqual(["lee", "ann"]);
  expect(found("lee")).toEqual(["lee"]);
  expect(found("zoe")).toEqual(["zoe"]);
  expect(found("маша")).toEqual(["zoe"]);
  expect(found("ann l")).toEqual(["lee"]);
  expect(found("nn")).toEqual([]);
});

describe("whom a text mentions", () => {
  const people = [ANN, ANN_LEE, ZOE];
  test.each([
    ["@Ann Lee and @Ann", ["lee", "ann"]],
    ["@Ann, @Ann!", ["ann"]],
    ["@Anna me@Ann @ann", []],
    ["@Zoë-Маша", ["zoe"]],
    ["nobody", []],
  ])("%j", (text, ids) => {
    expect(mentionsIn(text, people, [])).toEqual(ids);
  });

  test("of two of one name it is the chosen one, or none", () => {
    const both = [ANN, OTHER_ANN];
    expect(mentionsIn("@Ann", both, [])).toEqual([]);
    expect(mentionsIn("@Ann", both, [OTHER_ANN])).toEqual(["ann2"]);
    expect(mentionsIn("@Ann and @Ann", both, [OTHER_ANN, ANN])).toEqual(["ann2", "ann"]);
    expect(mentionsIn("taken back", both, [OTHER_ANN])).toEqual([]);
  });

  test("somebody who was chosen and has left is meant all the same", () => {
    expect(mentionsIn("@Ann", [], [ANN])).toEqual(["ann"]);
  });

  test("are fifty at most", () => {
    const crowd = Array.from({ length: 80 }, (_, i) => ({ id: `i${i}`, name: `N${i}x` }));
    const text = crowd.map(({ name }) => `@${name}`).join(" ");
    expect(mentionsIn(text, crowd, [])).toHaveLength(50);
  });
});

describe("whom the names in a message mean", () => {
  const names: Record<string, string[]> = { ann: ["Ann", "Anna"], ann2: ["Ann"], bob: ["Robert"] };
  const of = (found: string[], ids: string[]) => assign(found, ids, (id) => names[id] ?? []);

  test("a name is the one's who has or had it", () => {
    expect(of(["Anna", "Robert"], ["bob", "ann"])).toEqual(["ann", "bob"]);
  });
  test("two of one name are meant in their order", () => {
    expect(of(["Ann", "Ann"], ["ann2", "ann"])).toEqual(["ann2", "ann"]);
  });
  test("one may be meant twice", () => {
    expect(of(["Robert", "Robert"], ["bob"])).toEqual(["bob", "bob"]);
  });
  test("a name that is not known goes to who is left", () => {
    expect(of(["Bob", "Anna"], ["bob", "ann"])).toEqual(["bob", "ann"]);
    expect(of(["Somebody"], ["gone"])).toEqual(["gone"]);
  });
  test("a name too many means nobody", () => {
    expect(of(["Ann", "everybody"], ["ann"])).toEqual(["ann", undefined]);
  });
});

describe("the people of a room", () => {
  const member = (person: Person): Member => ({ ...person, transport: "ws", joinedAt: "" });
  const isMe = (id: string) => id === "me";

  test("those present come first, oneself and guests that have gone do not come", () => {
    const people = new RoomPeople();
    const gone: Person = { id: "g1", name: "Away guest", guest: true };
    const guest: Person = { id: "g2", name: "Guest", guest: true };
    const seen = people.after({
      members: [member({ id: "me", name: "Me" }), member(ZOE), member(guest)],
      authors: [ANN, gone],
      isMe,
    });
    expect(seen.others.map(({ id }) => id)).toEqual(["g2", "zoe", "ann"]);
    expect(seen.isMe("me")).toBe(true);
  });

  test("a name is what somebody has now, and former ones are remembered", () => {
    const people = new RoomPeople();
    const first = people.after({ members: [member(ANN)], authors: [], isMe });
    expect(people.after({ members: [member(ANN)], authors: [ANN], isMe })).toBe(first);
    const renamed = { ...ANN, name: "Anna" };
    const next = people.after({ members: [member(renamed)], authors: [ANN], isMe });
    expect(next).not.toBe(first);
    expect(next.nameOf("ann")).toBe("Anna");
    expect(next.namesOf("ann")).toEqual(["Ann", "Anna"]);
    const later = people.after({ members: undefined, authors: [ANN, renamed], isMe });
    expect(later.nameOf("ann")).toBe("Anna");
  });
});
