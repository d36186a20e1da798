import type { End } from "./end.ts";
export type AttemptId = number;
/** What the selector is told. */
export type Input = {
    type: "start";
} | {
    type: "stop";
}
/** Again from the beginning, as somebody else, over what carries now. */
 | {
    type: "reconnect";
}
/** The time of `deadline()` has come. */
 | {
    type: "tick";
} | {
    type: "welcome";
    id: AttemptId;
    interval: number;
}
/** Anything arrived; `proof` for a ping, `answer` for what only comes when something went up. */
 | {
    type: "heard";
    id: AttemptId;
    proof?: boolean;
    answer?: boolean;
} | {
    type: "ended";
    id: AttemptId;
    end: End;
}
/** A post got no answer on the active transport: perhaps nothing goes up. */
 | {
    type: "stuck";
}
/** The device changed its network, or says that it has one again. */
 | {
    type: "network";
    online: boolean;
}
/**
 * The page was asleep, and is back; `frozen` when it certainly was: it may have missed its
 * connection's end.
 */
 | {
    type: "resumed";
    frozen?: boolean;
}
/**
 * The connection is to carry other rooms: another one, opened with them, is to take its place.
 */
 | {
    type: "rooms";
}
/** A person asked to try now. */
 | {
    type: "retry";
};
