import { defineConfig } from "vite";

// Names that nobody outside the library sees: members of what the modules hand one another. What is on the wire, in the
// options and in the public types is not here, and must not be; nor what is the text of a string too.
export const INTERNAL = [
  "address answer arrived changed channel connection deadline doubt down emit failed frozen heardAt",
  "held input interval nextAt onActivate onChange onDecision onEvent onFinal onMemory onOwn onSession",
  "onSignedOut onState openedAt pause positions proof proved queue restart resume step stored",
  "target welcomeAt",
].flatMap((names) => names.split(" "));

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
    rolldownOptions: {
      output: {
        comments: false,
        minify: {
          compress: { target: "esnext" },
          mangle: true,
          codegen: { removeWhitespace: true },
          mangleProps: { include: new RegExp(`^(${INTERNAL.join("|")})$`) },
        },
      },
    },
  },
});
