import type { Person } from "./events.ts";
/** Another program that is told what happens in a room. */
export interface Webhook {
    id: string;
    url: string;
    /** `message`, `edit`, `delete`, `reaction`, `joined`, `left`, `room.opened`, `room.closed`. */
    events: string[];
    /** What requests are signed with; only when it was made, or renewed, just now. */
    secret?: string;
    by?: Person;
    createdAt?: string;
    /** It is told no more, since then and for this reason. */
    disabledAt?: string;
    disabledReason?: string;
    /** It doesn't take what it is sent. */
    failing?: {
        since: string;
        attempts: number;
        error: string;
        nextAt?: string;
    };
    /** How many events were lost, since its outbox was full. */
    lost: number;
}
export declare const readWebhook: import("./shape.ts").Reader<Webhook>;
