import { defineConfig } from "vite";

// The client library as others get it: one module without imports, the same from npm and from a Caller's own
// /client/caller.js.
export default defineConfig({
  publicDir: false,
  build: {
    target: "es2022",
    outDir: "lib",
    emptyOutDir: true,
    reportCompressedSize: true,
    lib: { entry: "src/client/index.ts", formats: ["es"], fileName: () => "caller.js" },
    // By default a library keeps its white space, for the sake of bundlers' annotations. A page reads it as it is.
    rolldownOptions: { output: { minify: true } },
  },
});
