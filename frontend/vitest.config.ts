import { defineConfig } from "vitest/config";

export default defineConfig({
  // A test that waits for what never comes is told by this; a busy machine takes its time.
  test: { include: ["test/**/*.test.{ts,tsx}"], maxWorkers: 2, testTimeout: 60_000 },
});
