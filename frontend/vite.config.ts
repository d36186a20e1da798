import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { licensesOfThreads } from "./build_licenses.ts";
import { fillWorker, isPage, nameOf } from "./build_worker.ts";

/** markdown-it brings HTML's named characters, which are off: see text/entities.ts. */
export const alias = {
  entities: fileURLToPath(new URL("src/ui/text/entities.ts", import.meta.url)),
};

const threads = licensesOfThreads();

export default defineConfig({
  resolve: { alias },
  plugins: [fillWorker(new URL("public/", import.meta.url)), threads.name],
  // Its licences are named with the page's.
  worker: { plugins: () => [threads.note] },
  // The page works under any path: index.html has a <base>, which the server rewrites.
  base: "./",
  build: {
    target: "es2022",
    // What the page begins with is named in it, so that nothing waits for what imports it.
    modulePreload: {
      polyfill: false,
      resolveDependencies: (_, files, { hostType }) => (hostType === "html" ? files : []),
    },
    // Fonts and pictures stay files: the content security policy is written for files.
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    // Apache 2.0 and MIT want their texts to go with what is built from them.
    license: { fileName: "licenses.md" },
    // LiveKit's client is large, in a file of its own, and loaded when a call is joined.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      input: { index: "index.html", sw: "src/worker/sw.ts" },
      output: {
        entryFileNames: nameOf,
        // What the page begins with is one file, though parts that come later use some of it too:
        // each file more would be asked for only once the first has come.
        codeSplitting: { groups: [{ name: "page", tags: ["$initial"], test: isPage }] },
      },
    },
  },
  server: {
    proxy: {
      "^/(session|stream|healthz|readyz)": { target: "http://localhost:8080", ws: true },
      "^/rooms/[^/]+/.+": { target: "http://localhost:8080", ws: true },
      "^/rooms": {
        target: "http://localhost:8080",
        bypass: (req) => (req.headers.accept?.includes("text/html") ? "/index.html" : undefined),
      },
    },
  },
});
