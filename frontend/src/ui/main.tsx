import { render } from "preact";
import { App } from "./app.tsx";
import { endFirstLook } from "./first_look.ts";
import { loadLanguage } from "./i18n/index.ts";
import { showCount } from "./notify/icon_count.ts";
import { startNotify } from "./notify/index.ts";
import { later } from "./parts.ts";
import { unreadTotal } from "./rooms/unread.ts";
import { baseUrl, roomOf } from "./routes.ts";
import { savedLanguage } from "./settings.ts";
import { followViewport } from "./viewport.ts";

followViewport();
const root = document.getElementById("app");
const atStart = roomOf(location.href, baseUrl()) === undefined;
void Promise.all([loadLanguage(savedLanguage()), atStart && later.ahead()]).then(() => {
  if (root !== null) render(<App />, root);
  endFirstLook();
});
// While the page is developed, its files are not those that the worker knows.
if (import.meta.env.PROD) void startWorker();
startNotify(baseUrl());
showCount(unreadTotal.value); // it may say something of the last time
unreadTotal.subscribe(showCount);

async function startWorker(): Promise<void> {
  try {
    const { followServiceWorker } = await import("./notify/service_worker.ts");
    followServiceWorker(baseUrl());
  } catch {
    // There is no network, and no copy of the file: the worker that there is goes on.
  }
}
