import type { Person } from "./events.ts";

/** What lets a program into a room. */
export interface AccessToken {
  id: string;
  name: string;
  read: boolean;
  post: boolean;
  /** `moderator` for a program that moderates. */
  role?: string;
  /** It is the address of a hook, where other services send to. */
  hook?: true;
  /** What is sent to the hook has to be signed. */
  signed?: true;
  /** The secret; only when it was made just now. */
  token?: string;
  /** The hook's address, in place of a token. */
  url?: string;
  by?: Person;
  createdAt?: string;
  /** Missing where it is good until it is revoked. */
  expiresAt?: string;
}

/** What a token is to be. */
export interface NewToken {
  name: string;
  read?: boolean;
  post?: boolean;
  /** Seconds. */
  expiresIn?: number;
  role?: "moderator";
  /** The address of a hook, in place of a token. */
  hook?: true;
  /** What the hook's senders sign with. */
  signingSecret?: string;
}
