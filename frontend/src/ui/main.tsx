import { render } from "preact";
import { App } from "./app.tsx";
import { endFirstLook } from "./first_look.ts";
import { loadLanguage } from "./i18n/index.ts";
import { showCount } from "./notify/icon_count.ts";
import { startNotify } from "./notify/index.ts";
import { followServiceWorker } from "./notify/service_worker.ts";
import { unreadTotal } from "./rooms/unread.ts";
import { baseUrl } from "./routes.ts";
import { savedLanguage } from "./settings.ts";
import { followViewport } from "./viewport.ts";

followViewport();
const root = document.getElementById("app");
void loadLanguage(savedLanguage()).then(() => {
  if (root !== null) render(<App />, root);
  endFirstLook();
});
// While the page is developed, its files are not those that the worker knows.
if (import.meta.env.PROD) followServiceWorker(baseUrl());
startNotify(baseUrl());
showCount(unreadTotal.value); // it may say something of the last time
unreadTotal.subscribe(showCount);
