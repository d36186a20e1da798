import type { WorkerScope } from "./scope.ts";
import { startWorker } from "./worker.ts";

/** The build puts the list of the page's files here: see vite.config.ts. */
const FILES = "%FILES%" as unknown as readonly string[];

startWorker(globalThis as unknown as WorkerScope, FILES);
