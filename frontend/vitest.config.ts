import { defineConfig } from "vitest/config";
import { alias } from "./vite.config.ts";

export default defineConfig({
  resolve: { alias },
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    setupFiles: ["test/setup.ts"],
    maxWorkers: 2,
    // A test that waits for what never comes is told by this; a busy machine takes its time.
    testTimeout: 60_000,
    // So that the parser is tested with what it is built with.
    server: { deps: { inline: ["markdown-it"] } },
  },
});
