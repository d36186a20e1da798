import { type BuildOptions, defineConfig } from "vite";

// Names that nobody outside the library sees: members of what the modules hand one another. What is
// on the wire, in the options and in the public types is not here, and must not be; nor what is the
// text of a string too.
export const INTERNAL = [
  "address answer arrived cause changed channel connection deadline doubt down emit",
  "failed follow frozen heardAt held input interval nextAt onActivate onChange",
  "onDecision onEvent onFinal onMemory onOwn onReady onSession onSignedOut onState openedAt",
  "pause positions proof proved queue result resume running signedOut step stored target",
  "transports welcomeAt",
].flatMap((names) => names.split(" "));

// The client library as others get it: the core and its optional modules, each one file without
// imports, the same from npm and from a Caller's own /client/. `--mode calls` builds that module,
// and by default it is the core.
const ENTRIES: Record<string, string> = {
  caller: "src/client/index.ts",
  calls: "src/client/calls.ts",
  conversation: "src/client/conversation.ts",
  files: "src/client/files.ts",
  find: "src/client/find.ts",
  link: "src/client/link.ts",
  marks: "src/client/marks.ts",
  rules: "src/client/rules.ts",
};

export default defineConfig(({ mode }) => {
  const name = mode in ENTRIES ? mode : "caller";
  return { publicDir: false, build: libraryBuild(name, ENTRIES[name] ?? "") };
});

export function libraryBuild(name: string, entry: string): BuildOptions {
  return {
    target: "es2022",
    outDir: "lib",
    emptyOutDir: name === "caller",
    reportCompressedSize: true,
    lib: { entry, formats: ["es"], fileName: () => `${name}.js` },
    // By default a library keeps its white space, for the sake of bundlers' annotations. A page
    // reads it as it is.
    rolldownOptions: {
      output: {
        comments: false,
        // A constant that is used once is then written where it is used.
        topLevelVar: false,
        minify: {
          compress: { target: "esnext" },
          mangle: true,
          codegen: { removeWhitespace: true },
          // What is shipped beside the core speaks to it by public names, and of the wire.
          ...(name !== "caller" && name in ENTRIES
            ? {}
            : { mangleProps: { include: new RegExp(`^(${INTERNAL.join("|")})$`) } }),
        },
      },
    },
  };
}
