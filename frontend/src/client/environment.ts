import type { Environment, SocketLike } from "./transport.ts";

/**
 * The world of a browser or of Node 22; give `socket` in Node 20, which has no WebSocket of its
 * own.
 */
export function defaultEnvironment(): Environment {
  return {
    fetch: (input, init) => fetch(input, init),
    // It takes no headers: the token goes as a subprotocol. Its handlers take richer events than
    // are read here, which TypeScript won't see as fitting.
    socket: (url, { Authorization: bearer }) =>
      new WebSocket(
        url,
        bearer ? ["caller.v1", bearer.replace("Bearer ", "caller.token.")] : [],
      ) as unknown as SocketLike,
    now: Date.now,
    setTimeout: (run, ms) => Number(setTimeout(run, ms)),
    clearTimeout: (timer) => clearTimeout(timer),
    random: Math.random,
    // Not randomUUID: that one is missing from pages that came over plain HTTP.
    key: () => crypto.getRandomValues(new Uint32Array(4)).join("-"),
  };
}
