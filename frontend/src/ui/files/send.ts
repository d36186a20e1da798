import { type Send, sendWithProgress } from "../../client/files.ts";
import { pageHeaders } from "../page_session.ts";

/** Sends a request as who one is. */
export const sendAsPage: Send = (url, init, onProgress) =>
  sendWithProgress(url, { ...init, headers: { ...init.headers, ...pageHeaders() } }, onProgress);
