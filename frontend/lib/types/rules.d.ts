import type { Client, ClientOptions } from "./client_types.ts";
import { type Cursor } from "./cursor.ts";
import { type ClientId, type Person, type ServerEvent } from "./events.ts";
import { type Answer } from "./http.ts";
import type { AccessToken, NewToken } from "./rules_tokens.ts";
import { type Fields, type Reader } from "./shape.ts";
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
    muted?: {
        until?: string;
        reason?: string;
    };
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
export type Key = {
    password: string;
} | {
    invite: string;
} | {
    owner: string;
};
/** Reads the event `settings`, and what the settings' calls answer. */
export declare const readRules: Reader<RoomRules>;
/** Reads an entry that says what was done in the room; undefined for anything else. */
export declare function readNotice(event: ServerEvent): Notice | undefined;
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
export declare function followRules(client: Pick<Client, "on" | "session">, options: RulesOptions, onChange?: (rules: RoomRules) => void): {
    /** As far as they are known; a room that nobody owns has told none. */
    readonly rules: RoomRules | undefined;
    /** Asks for the rules, with one's own role. */
    read: () => Promise<Answer<RoomRules>>;
    /** Changes settings; with a version, only if it is that one still (`version_mismatch`). */
    change: (patch: SettingsPatch, version?: number) => Promise<Answer<RoomRules>>;
    /** Makes a room that nobody owns one's own, when one is alone in it. */
    own: () => Promise<Answer<RoomRules>>;
    /** Another owner's link; the one before is good for nothing then. */
    ownerLink: () => Promise<Answer<{
        ownerUrl: string;
    }>>;
    /** Comes in by a password, an invite's secret or an owner's. */
    enter: (key: Key) => Promise<Answer<RoomRules>>;
    invites: () => Promise<Answer<Invite[]>>;
    /** `expiresIn` is in seconds. */
    invite: (how?: {
        expiresIn?: number;
        uses?: number;
    }) => Promise<Answer<Invite>>;
    revokeInvite: (id: string) => Promise<Answer<{}>>;
    /** Ends somebody's streams; they may come back where everybody may. */
    remove: (id: ClientId, reason?: string) => Promise<Answer<Notice>>;
    /** `for` and `deleteMessages` are in seconds; without `for` it has no end. */
    ban: (id: ClientId, how?: {
        for?: number;
        reason?: string;
        deleteMessages?: number;
    }) => Promise<Answer<Notice>>;
    mute: (id: ClientId, how?: {
        for?: number;
        reason?: string;
    }) => Promise<Answer<Notice>>;
    unmute: (id: ClientId) => Promise<Answer<Notice>>;
    setRole: (id: ClientId, role: Role) => Promise<Answer<Notice>>;
    bans: () => Promise<Answer<Ban[]>>;
    unban: (id: string) => Promise<Answer<Notice>>;
    /** Deletes all that was said. */
    clear: () => Promise<Answer<Notice>>;
    /** Closes the room for good. */
    closeRoom: () => Promise<Answer<{}>>;
    report: (message: Cursor, reason: string) => Promise<Answer<{
        id: string;
    }>>;
    reports: () => Promise<Answer<Report[]>>;
    putAway: (id: string) => Promise<Answer<{}>>;
    tokens: () => Promise<Answer<AccessToken[]>>;
    /** `expiresIn` is in seconds. */
    makeToken: (how: NewToken) => Promise<Answer<AccessToken>>;
    revokeToken: (id: string) => Promise<Answer<{}>>;
    webhooks: () => Promise<Answer<import("./rules_webhooks.ts").Webhook[]>>;
    makeWebhook: (how: {
        url: string;
        events?: string[];
    }) => Promise<Answer<import("./rules_webhooks.ts").Webhook>>;
    /** `enabled` has one told again that was switched off, or no more. */
    changeWebhook: (id: string, how: {
        url?: string;
        events?: string[];
        enabled?: boolean;
    }) => Promise<Answer<import("./rules_webhooks.ts").Webhook>>;
    /** The answer has the new secret. The one before signs along for a day. */
    renewWebhookSecret: (id: string) => Promise<Answer<import("./rules_webhooks.ts").Webhook>>;
    removeWebhook: (id: string) => Promise<Answer<{}>>;
};
/** The secret of an invite or an owner's link, as the fragment of an address has it. */
export declare function keyOf(hash: string): Key | undefined;
/** Reports whether somebody of this role keeps order in the room. */
export declare function keepsOrder(role: Role | undefined): boolean;
/** Reports whether one of the first role may remove, ban or mute one of the second: no peers. */
export declare function mayKeepInOrder(own: Role | undefined, other: string | undefined): boolean;
