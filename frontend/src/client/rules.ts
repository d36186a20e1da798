import type { Client, ClientOptions } from "./client_types.ts";
import { type Cursor, parseCursor } from "./cursor.ts";
import { defaultEnvironment } from "./environment.ts";
import { type ClientId, type Person, readEvent, type ServerEvent } from "./events.ts";
import { type Answer, ask } from "./http.ts";
import type { AccessToken, NewToken } from "./rules_tokens.ts";
import { readWebhook } from "./rules_webhooks.ts";
import {
  amount,
  count,
  type Fields,
  list,
  mark,
  must,
  type Reader,
  shape,
  text,
  words,
  yes,
} from "./shape.ts";
import { roomUrl } from "./target.ts";

export type { AccessToken, NewToken } from "./rules_tokens.ts";
export type { Webhook } from "./rules_webhooks.ts";

/** What somebody may do in a room: `guest` is whoever has no role there. */
export type Role = "owner" | "moderator" | "member" | "guest";

/** What a room is set to. What is held back, such as the password, is not in it. */
export interface Settings {
  /** Empty: the room goes by its id. */
  title: string;
  topic: string;
  /** There is one. */
  password: boolean;
  inviteOnly: boolean;
  /** Nobody new comes in. */
  locked: boolean;
  posting: "everyone" | "sessions" | "moderators";
  /** Seconds between two messages of one person; 0 for none. */
  slowMode: number;
  /** What somebody who comes in is shown of what was said before. */
  history: "all" | "since-joined" | "none";
  historyLimit: number;
  /** Seconds. */
  historyTtl: number;
  /** 0 for as many as come. */
  maxMembers: number;
  files: boolean;
  calls: boolean;
  listed: boolean;
  /** `read`: who comes anew reads only, until let in. */
  newcomers: "post" | "read";
}

/** What is to be changed; null puts a setting back to what it is by itself. */
export type SettingsPatch = {
  [Name in keyof Settings]?: (Name extends "password" ? string : Settings[Name]) | null;
};

export interface RoomRules {
  /** Counts the changes; 0 while nobody owns the room. */
  version: number;
  settings: Settings;
  owned: boolean;
  /** One's own. Missing in what is told to everybody. */
  role?: Role;
  /**
   * One may say nothing, until then where it has an end, and why where a moderator has said it. Told
   * to oneself alone, when one asks.
   */
  muted?: { until?: string; reason?: string };
  /** Makes another session an owner; told once. */
  ownerUrl?: string;
}

export interface Invite {
  id: string;
  /** With the secret; only when it was made just now. */
  url?: string;
  by?: Person;
  createdAt?: string;
  expiresAt: string;
  /** How many it lets in, and has let in. */
  uses: number;
  used: number;
}

export interface Ban {
  id: string;
  member: Person;
  by?: Person;
  reason: string;
  at: string;
  /** Missing where it has no end. */
  until?: string;
  /** Newcomers from the same network wait, too. */
  network: boolean;
}

export interface Report {
  id: string;
  by: Person;
  reason: string;
  at: string;
  messageId: Cursor;
  /** The message as it is now, with what was said before and after it. */
  context: ServerEvent[];
}

/** What was done in a room, as its log says it. */
export interface Notice {
  id: Cursor;
  /** `owned`, `settings`, `removed`, `banned`, `unbanned`, `muted`, `unmuted`, `role`, `cleared`, `let-in`. */
  what: string;
  from: Person;
  time: string;
  /** Whom it is about. */
  member?: Person;
  role?: string;
  /** Of `settings`: what was changed. The new values are in the `settings` of `fields`. */
  changed: string[];
  fields: Fields;
}

/** What lets one into a room. */
export type Key = { password: string } | { invite: string } | { owner: string };

const onOff = yes;
function one<Value extends string>(...values: Value[]) {
  return (value: unknown): Value => values.find((known) => known === value) ?? (values[0] as Value);
}

const readSettings = shape<Settings>({
  title: words,
  topic: words,
  password: onOff,
  inviteOnly: onOff,
  locked: onOff,
  posting: one("everyone", "sessions", "moderators"),
  slowMode: count,
  history: one("all", "since-joined", "none"),
  historyLimit: count,
  historyTtl: count,
  maxMembers: count,
  files: (value) => value !== false,
  calls: (value) => value !== false,
  listed: onOff,
  newcomers: one("post", "read"),
});

/** Reads the event `settings`, and what the settings' calls answer. */
export const readRules: Reader<RoomRules> = shape<RoomRules>({
  version: must(amount),
  settings: must(readSettings),
  owned: onOff,
  role: (value) => (text(value) as Role | undefined) || undefined,
  muted: shape<{ until?: string; reason?: string }>({ until: text, reason: text }),
  ownerUrl: text,
});

const readPerson = shape<Person>({
  id: must(text),
  name: words,
  guest: (value) => value === true || undefined,
  look: text,
  via: text,
});
const ID = must(text);

const readInvite = shape<Invite>({
  id: ID,
  url: text,
  by: readPerson,
  createdAt: text,
  expiresAt: words,
  uses: count,
  used: count,
});
const readBan = shape<Ban>({
  id: ID,
  member: must(readPerson),
  by: readPerson,
  reason: words,
  at: words,
  until: text,
  network: onOff,
});
const readToken = shape<AccessToken>({
  id: ID,
  name: words,
  read: onOff,
  post: onOff,
  role: text,
  hook: mark,
  signed: mark,
  token: text,
  url: text,
  by: readPerson,
  createdAt: text,
  expiresAt: text,
});
const readReport = shape<Report>({
  id: ID,
  by: must(readPerson),
  reason: words,
  at: words,
  messageId: must(parseCursor),
  context: must(list(readEvent)),
});
const readNoticeFields = shape<Notice>({
  id: must(parseCursor),
  what: ID,
  from: must(readPerson),
  time: words,
  member: readPerson,
  role: text,
  changed: (value) => list(text)(value) ?? [],
  fields: (_, whole) => whole,
});

/** Reads an entry that says what was done in the room; undefined for anything else. */
export function readNotice(event: ServerEvent): Notice | undefined {
  const isOne = event.type === "unknown" && event.name === "notice";
  return isOne ? readNoticeFields(event.fields) : undefined;
}

/** The list of that name in an answer. */
function listOf<T>(name: string, read: Reader<T>) {
  return (body: Fields | undefined): T[] | undefined => list(read)(body?.[name]);
}
const nothing = () => ({});
/** A member's id may be anybody's making. */
const member = (id: ClientId, act: string) => `/members/${encodeURIComponent(id)}/${act}`;

/** The options that the client was made with. */
export type RulesOptions = Pick<ClientOptions, "baseUrl" | "room" | "tokens" | "env">;

/**
 * Who may do what in a room, and what changes it. Each call answers with what the server said, or
 * with the problem. Nothing is sent again by itself.
 */
export type Rules = ReturnType<typeof followRules>;

/**
 * Follows the rules of a client's room. `onChange` is called when they are known, or are others.
 * Begin before `start()`.
 */
export function followRules(
  client: Pick<Client, "on" | "session">,
  options: RulesOptions,
  onChange: (rules: RoomRules) => void = () => undefined,
) {
  const env = { ...defaultEnvironment(), ...options.env };
  let rules: RoomRules | undefined;

  /** What came is older than what is known where its version is; a room may be another one's now. */
  function take(next: RoomRules | undefined): void {
    if (!next || (rules && next.version < rules.version)) return;
    const role = next.role ?? rules?.role;
    rules = { ...next, ...(role && { role }) };
    onChange(rules);
  }

  client.on("event", (event) => {
    if (event.type === "unknown" && event.name === "settings") take(readRules(event.fields));
    const notice = readNotice(event);
    if (!notice || !rules || !/^(role|let-in)$/.test(notice.what)) return;
    const { what, member, from } = notice;
    const given = what === "role" ? (notice.role as Role) : "member";
    const own = client.session?.clientId;
    if (member?.id === own) take({ ...rules, role: given });
    // Who gives the room away is a moderator from then on.
    else if (given === "owner" && from.id === own) take({ ...rules, role: "moderator" });
  });

  async function call<T extends object>(
    path: string,
    read: (body: Fields | undefined) => T | undefined,
    method: string,
    body?: object,
    more?: Record<string, string>,
  ): Promise<Answer<T>> {
    const token = options.tokens && client.session?.token;
    const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...more };
    // Only what has a body has a method of its own; an empty one asks for nothing.
    const sent = method === "GET" ? undefined : (body ?? {});
    const url = roomUrl(options, path);
    return ask(env, url, headers, read, sent, undefined, undefined, method);
  }
  async function changing(
    path: string,
    method: string,
    body?: object,
    more?: Record<string, string>,
  ) {
    const answer = await call(path, readRules, method, body, more);
    take(answer.result);
    return answer;
  }
  const noticed = (path: string, method: string, body?: object) =>
    call(path, readNoticeFields, method, body);

  return {
    /** As far as they are known; a room that nobody owns has told none. */
    get rules() {
      return rules;
    },
    /** Asks for the rules, with one's own role. */
    read: () => changing("/settings", "GET"),
    /** Changes settings; with a version, only if it is that one still (`version_mismatch`). */
    change: (patch: SettingsPatch, version?: number) =>
      changing(
        "/settings",
        "PATCH",
        patch,
        version === undefined ? {} : { "If-Match": `"${version}"` },
      ),
    /** Makes a room that nobody owns one's own, when one is alone in it. */
    own: () => changing("/own", "POST"),
    /** Another owner's link; the one before is good for nothing then. */
    ownerLink: () =>
      call("/owner-link", shape<{ ownerUrl: string }>({ ownerUrl: must(text) }), "POST"),
    /** Comes in by a password, an invite's secret or an owner's. */
    enter: (key: Key) => changing("/enter", "POST", key),

    invites: () => call("/invites", listOf("invites", readInvite), "GET"),
    /** `expiresIn` is in seconds. */
    invite: (how: { expiresIn?: number; uses?: number } = {}) =>
      call("/invites", readInvite, "POST", how),
    revokeInvite: (id: string) => call(`/invites/${encodeURIComponent(id)}`, nothing, "DELETE"),

    /** Ends somebody's streams; they may come back where everybody may. */
    remove: (id: ClientId, reason?: string) => noticed(member(id, "remove"), "POST", { reason }),
    /** `for` and `deleteMessages` are in seconds; without `for` it has no end. */
    ban: (id: ClientId, how: { for?: number; reason?: string; deleteMessages?: number } = {}) =>
      noticed(member(id, "ban"), "POST", how),
    mute: (id: ClientId, how: { for?: number; reason?: string } = {}) =>
      noticed(member(id, "mute"), "POST", how),
    unmute: (id: ClientId) => noticed(member(id, "mute"), "DELETE"),
    setRole: (id: ClientId, role: Role) => noticed(member(id, "role"), "POST", { role }),
    bans: () => call("/bans", listOf("bans", readBan), "GET"),
    unban: (id: string) => noticed(`/bans/${encodeURIComponent(id)}`, "DELETE"),

    /** Deletes all that was said. */
    clear: () => noticed("/messages", "DELETE"),
    /** Closes the room for good. */
    closeRoom: () => call("", nothing, "DELETE"),

    report: (message: Cursor, reason: string) =>
      call("/reports", shape<{ id: string }>({ id: ID }), "POST", { message, reason }),
    reports: () => call("/reports", listOf("reports", readReport), "GET"),
    putAway: (id: string) => call(`/reports/${encodeURIComponent(id)}`, nothing, "DELETE"),

    tokens: () => call("/tokens", listOf("tokens", readToken), "GET"),
    /** `expiresIn` is in seconds. */
    makeToken: (how: NewToken) => call("/tokens", readToken, "POST", how),
    revokeToken: (id: string) => call(`/tokens/${encodeURIComponent(id)}`, nothing, "DELETE"),

    webhooks: () => call("/webhooks", listOf("webhooks", readWebhook), "GET"),
    makeWebhook: (how: { url: string; events?: string[] }) =>
      call("/webhooks", readWebhook, "POST", how),
    /** `enabled` has one told again that was switched off, or no more. */
    changeWebhook: (id: string, how: { url?: string; events?: string[]; enabled?: boolean }) =>
      call(`/webhooks/${encodeURIComponent(id)}`, readWebhook, "PATCH", how),
    /** The answer has the new secret. The one before signs along for a day. */
    renewWebhookSecret: (id: string) =>
      call(`/webhooks/${encodeURIComponent(id)}/secret`, readWebhook, "POST"),
    removeWebhook: (id: string) => call(`/webhooks/${encodeURIComponent(id)}`, nothing, "DELETE"),
  };
}

/** The secret of an invite or an owner's link, as the fragment of an address has it. */
export function keyOf(hash: string): Key | undefined {
  const [, name, secret] = /^#([io])=([\w-]{1,200})$/.exec(hash) ?? [];
  if (!secret) return undefined;
  return name === "i" ? { invite: secret } : { owner: secret };
}

/** Reports whether somebody of this role keeps order in the room. */
export function keepsOrder(role: Role | undefined): boolean {
  return role === "owner" || role === "moderator";
}

/** Reports whether one of the first role may remove, ban or mute one of the second: no peers. */
export function mayKeepInOrder(own: Role | undefined, other: string | undefined): boolean {
  if (own === "owner") return other !== "owner";
  return own === "moderator" && !keepsOrder(other as Role | undefined);
}
