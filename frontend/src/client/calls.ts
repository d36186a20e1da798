import type { Client } from "./client_types.ts";
import type { ServerEvent } from "./events.ts";

/** The call that is going on in a room. */
export interface Call {
  /** RFC 3339. */
  startedAt: string;
  memberCount: number;
}

export interface RoomCall {
  /** Undefined while there is none. Each of the room's members says whether it is `inCall`. */
  readonly call: Call | undefined;
}

/**
 * Follows the call of a client's room. `onChange` is called when it begins, ends or has another
 * size. It needs nothing of the client but its events.
 */
export function followCall(
  client: Pick<Client, "on" | "members">,
  onChange: (call: Call | undefined) => void = () => undefined,
): RoomCall {
  let call: Call | undefined;
  let startedAt: string | undefined;
  let version = 0;
  /** As the last whole roster has it; of a large room nothing else is known. */
  let told = 1;

  function take(event: ServerEvent): void {
    if (event.type === "welcome" || (event.type === "members" && event.version >= version)) {
      ({ version } = event);
      startedAt = event.call?.startedAt;
      told = event.call?.memberCount ?? 1;
      update(told);
    } else if (event.type === "joined" || event.type === "left") {
      version = Math.max(version, event.version);
      update(counted());
    } else if (event.type === "unknown" && event.name === "call") {
      const { state, time } = event.fields ?? {};
      if (state !== "started" && state !== "ended") return;
      startedAt = state === "started" ? `${time}` : undefined;
      told = 1;
      update(counted());
    }
  }

  function counted(): number {
    return client.members?.filter(({ inCall }) => inCall).length ?? told;
  }

  function update(memberCount: number): void {
    const next = startedAt && memberCount > 0 ? { startedAt, memberCount } : undefined;
    if (next?.startedAt === call?.startedAt && next?.memberCount === call?.memberCount) return;
    call = next;
    onChange(call);
  }

  client.on("event", take);
  return {
    get call() {
      return call;
    },
  };
}
