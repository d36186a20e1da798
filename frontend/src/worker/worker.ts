import { createNotices, readNotice, readPush } from "./notices.ts";
import type { WorkerScope } from "./scope.ts";
import { createShell } from "./shell.ts";

/**
 * Makes a service worker of a scope. A new version waits until no page of the old one is open: it
 * takes nothing away from under them.
 */
export function startWorker(scope: WorkerScope, files: readonly string[]): void {
  const shell = createShell(scope, files);
  const notices = createNotices(scope);
  scope.addEventListener("install", (event) => event.waitUntil(shell.install()));
  scope.addEventListener("activate", (event) => event.waitUntil(shell.activate()));
  scope.addEventListener("fetch", (event) => shell.fetch(event));
  scope.addEventListener("push", (event) => {
    const notice = readPush(event.data?.text());
    if (notice !== undefined) event.waitUntil(notices.show(notice));
  });
  scope.addEventListener("notificationclick", (event) => event.waitUntil(notices.click(event)));
  // A page behind others asks for a notification, and is told whether it is shown.
  scope.addEventListener("message", (event) => {
    const notice = readNotice(event.data);
    if (notice === undefined) return;
    const shown = notices.show(notice).catch(() => false);
    event.waitUntil(shown.then((yes) => event.ports[0]?.postMessage(yes)));
  });
}
