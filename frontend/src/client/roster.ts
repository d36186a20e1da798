import type { CallEvent, PresenceEvent, RosterSnapshot } from "./events.ts";

/** The roster once somebody came or went, or has other news: who is known joins again with them. */
export function changed(
  roster: RosterSnapshot,
  { type, member, version }: PresenceEvent,
): RosterSnapshot {
  const joined = type === "joined" ? [member] : [];
  if (!roster.members) {
    return { ...roster, version, memberCount: roster.memberCount + joined.length * 2 - 1 };
  }
  const members = [...roster.members.filter(({ id }) => id !== member.id), ...joined];
  const next = { ...roster, version, members, memberCount: members.length };
  return withCall(next, roster.call?.startedAt);
}

/** The roster once its call began or ended; who is in it was told before. */
export function called(roster: RosterSnapshot, { state, time }: CallEvent): RosterSnapshot {
  return withCall(roster, state === "started" ? time : undefined);
}

function withCall(roster: RosterSnapshot, startedAt: string | undefined): RosterSnapshot {
  const memberCount = roster.members?.filter(({ inCall }) => inCall).length ?? 1;
  return { ...roster, call: startedAt && memberCount ? { startedAt, memberCount } : undefined };
}
