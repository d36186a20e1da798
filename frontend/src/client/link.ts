import type { Client, ClientOptions } from "./client_types.ts";
import { defaultEnvironment } from "./environment.ts";
import { readSession, type Session } from "./events.ts";
import { type Answer, ask } from "./http.ts";
import { must, shape, text, words } from "./shape.ts";

/** What makes another device the same person: good once, for two minutes. */
export interface Link {
  code: string;
  /** The server's own page, which uses the code that is in its fragment. */
  url: string;
  /** By the server's clock, RFC 3339. */
  expiresAt: string;
}

/** The options that the client is made with. */
export type LinkOptions = Pick<ClientOptions, "baseUrl" | "tokens" | "env">;

const PREFIX = "#link=";

const readLink = shape<Link>({ code: must(text), url: words, expiresAt: words });

/** Makes a link for the session that the client has. */
export async function makeLink(
  client: Pick<Client, "session">,
  options: LinkOptions,
): Promise<Answer<Link>> {
  const token = options.tokens ? client.session?.token : undefined;
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  const { result, problem } = await call(options, "session/link", headers, readLink, {});
  if (problem) return { problem };
  return { result: { ...result, url: new URL(result.url, options.baseUrl).href } };
}

/**
 * Becomes whose link it is: a page by its cookie, and a program by the session that it makes its
 * client with. The problem is `not_found` when the code was used, or its time is over.
 */
export function claimLink(options: LinkOptions, code: string): Promise<Answer<Session>> {
  return call(options, "session/claim", {}, readSession, { code });
}

/** The code in a link, or in the fragment of an address; undefined where there is none. */
export function codeOf(link: string): string | undefined {
  const at = link.indexOf(PREFIX);
  return (at >= 0 && link.slice(at + PREFIX.length)) || undefined;
}

function call<T extends object>(
  { baseUrl, env }: LinkOptions,
  path: string,
  headers: Record<string, string>,
  read: (value: unknown) => T | undefined,
  body: object,
): Promise<Answer<T>> {
  const url = new URL(path, baseUrl).href;
  return ask({ ...defaultEnvironment(), ...env }, url, headers, read, body);
}
