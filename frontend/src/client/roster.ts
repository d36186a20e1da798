import type { PresenceEvent, RosterSnapshot } from "./events.ts";

/** The roster once somebody came or went, or has other news: who is known joins again with them. */
export function changed(
  roster: RosterSnapshot,
  { type, member, version }: PresenceEvent,
): RosterSnapshot {
  const joined = type === "joined" ? [member] : [];
  const members = roster.members && [
    ...roster.members.filter(({ id }) => id !== member.id),
    ...joined,
  ];
  const memberCount = members?.length ?? roster.memberCount + joined.length * 2 - 1;
  return { ...roster, version, members, memberCount };
}
