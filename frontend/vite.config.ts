import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { licensesOfThreads } from "./build_licenses.ts";
import { fileOf, preloadPage } from "./build_page.ts";
import { fillWorker, nameOf } from "./build_worker.ts";

/** markdown-it brings HTML's named characters, which are off: see text/entities.ts. */
export const alias = {
  entities: fileURLToPath(new URL("src/ui/text/entities.ts", import.meta.url)),
};

const threads = licensesOfThreads();

export default defineConfig({
  resolve: { alias },
  // Its licences are named with the page's.
  worker: { plugins: () => [threads.note] },
  plugins: [preloadPage(), fillWorker(new URL("public/", import.meta.url)), threads.name],
  // The page works under any path: index.html has a <base>, which the server rewrites.
  base: "./",
  build: {
    target: "es2022",
    // What the page needs is named in it: see preloadPage.
    modulePreload: false,
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
        // A constant that is used once is then written where it is used.
        topLevelVar: false,
        // The page is one file, though parts that come later use some of it too: each file more would
        // be asked for only once the first has come.
        codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: fileOf }] },
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
