import type { Cursor } from "./cursor.ts";
import type { ConnectionState, Decision, Memory, Timing } from "./decisions.ts";
import type { End } from "./end.ts";
import type { ClientId, Command, Member, MessageEvent, PresenceEvent, Problem, ResetEvent, RoomId, ServerEvent, Session, TypingEvent } from "./events.ts";
import type { HttpCall } from "./http.ts";
import type { Post } from "./outbox.ts";
import type { Reader } from "./shape.ts";
import type { Environment, OpenTransport, Transport } from "./transport.ts";
export interface ClientOptions<Extra extends object = object> {
    /** Where the server is, with a slash at the end: `https://example.org/chat/`. */
    baseUrl: string;
    room: RoomId;
    /** Resume after this entry. Default: from the first that is kept. */
    after?: Cursor;
    /**
     * Take this name, also when the server knows one by another. Without one, listen as a guest until
     * `signIn`.
     */
    name?: string;
    /**
     * A session of an earlier run; null when there is none for sure, which saves asking the server.
     */
    session?: Session | null;
    /**
     * Send the session's token in a header rather than leave it to the cookie. Default false;
     * programs need it.
     */
    tokens?: boolean;
    /** Posts that an earlier run could not bring out. */
    posts?: readonly Post[];
    /** Use this transport only. For support cases and tests. */
    transport?: Transport;
    /** What was learnt about the network before, and where to keep it. */
    memory?: {
        load(): Memory | undefined;
        save(memory: Memory): void;
    };
    timing?: Partial<Timing>;
    env?: Partial<Environment>;
    open?: Partial<Record<Transport, OpenTransport>>;
    /**
     * Reads events that the core does not know, by their type on the wire. What a reader returns is
     * emitted under that name; undefined is passed over. An entry of the log is told once.
     */
    events?: {
        readonly [Name in keyof Extra]: Reader<Extra[Name]>;
    };
}
export type SessionResult = {
    session: Session;
} | {
    problem: Problem;
};
export interface ClientEvents {
    /** The connection changed. */
    state: ConnectionState;
    /** An entry of the log: each once, in order. */
    message: MessageEvent;
    /** Forget the messages: what is kept follows. */
    reset: ResetEvent;
    /** The past is done. */
    live: {
        cursor: Cursor;
    };
    /** The roster changed, for any reason. */
    members: {
        members: readonly Member[] | undefined;
        count: number;
    };
    /** Somebody came or went. */
    joined: PresenceEvent;
    left: PresenceEvent;
    typing: TypingEvent;
    /** The posts that are not in the log yet changed. */
    posts: readonly Post[];
    /** Who one is became known: null for a guest. */
    session: Session | null;
    /** An error that no post of ours caused. */
    problem: Problem;
    /** Something was decided about the connection, and why. */
    decision: Decision;
    /** The server refused access, or one has left; nothing more is tried until `start()`. */
    final: End;
    /** Every event of the session as it came, those that the core does not know as `unknown`. */
    event: ServerEvent;
}
/** One room, over whichever transport gets through. Nothing happens until `start()`. */
export interface Client<Extra extends object = object> {
    /** Returns what takes the listener off again. */
    on<Name extends keyof (ClientEvents & Extra)>(name: Name, listener: (value: (ClientEvents & Extra)[Name]) => void): () => void;
    readonly state: ConnectionState;
    readonly messages: readonly MessageEvent[];
    readonly cursor: Cursor | undefined;
    readonly posts: readonly Post[];
    readonly members: readonly Member[] | undefined;
    readonly memberCount: number;
    /** Undefined until the server was asked, null for a guest. */
    readonly session: Session | null | undefined;
    /** The last decisions about the connection, for diagnostics. */
    readonly decisions: readonly Decision[];
    /** Reports whether this client has posted it, also under an earlier session. */
    isOwn(id: ClientId): boolean;
    /** Connects, and keeps connected until `close()`. */
    start(): void;
    /** Takes a name: a new session, or the same under a new name, and then connects with it. */
    signIn(name: string): Promise<SessionResult>;
    /** Writes to the room. The post is kept, and sent again, until it is in the log or refused. */
    post(text: string): Post;
    /**
     * Sends a command of another kind, such as an edit, as a post is sent: in order, under a key,
     * again until it is answered. It is in `posts` meanwhile. `http` says how it goes where the
     * transport carries no commands; the command's fields and the key are its JSON body.
     */
    send(command: Command, http: HttpCall): Post;
    /**
     * Takes over posts of an earlier run that may or may not be stored; their keys keep them from
     * being doubled.
     */
    restore(posts: readonly Post[]): void;
    /** Sends a refused post after all. */
    retry(key: string): void;
    /** Forgets a post. One that is under way may be in the log all the same. */
    discard(key: string): void;
    /** Says that one is writing; call it as often as you like. */
    typing(): void;
    /** Leaves the room: this connection alone, not one's other tabs. */
    leave(): void;
    /** Disconnects, without saying so: the server waits a moment before it tells the others. */
    close(): void;
    /** Call it when the device goes on or off line. */
    networkChanged(online: boolean): void;
    /** Call it when the page was frozen, asleep, or hidden for some seconds, and is back. */
    resumed(): void;
    /** Does not wait for the next try. */
    retryNow(): void;
}
