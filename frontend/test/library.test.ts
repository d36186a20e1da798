// @vitest-environment node
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { afterAll, describe, expect, test, vi } from "vitest";
import type * as Conversations from "../src/client/conversation.ts";
import type * as Sources from "../src/client/index.ts";
import { TRANSPORTS } from "../src/client/index.ts";
import { INTERNAL, libraryBuild } from "../vite.lib.config.ts";
import { FakeServer } from "./fake_server.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(read("package.json"));
const entries = Object.values(manifest.exports) as { types: string; import: string }[];

describe("the package", () => {
  test("has what it needs and nothing else", () => {
    const packed = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const files = JSON.parse(packed)[0]
      .files.map((file: { path: string }) => file.path)
      .sort();
    const types = readdirSync(join(root, "src/client"))
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `lib/types/${name.replace(/\.ts$/, ".d.ts")}`);
    const modules = entries.map((entry) => entry.import.slice(2));
    expect(files).toEqual(["LICENSE", "README.md", "package.json", ...modules, ...types].sort());
    for (const entry of entries) expect(files).toContain(entry.types.slice(2));
  });

  test("depends on nothing, and can be published", () => {
    for (const field of ["dependencies", "peerDependencies", "optionalDependencies", "private"]) {
      expect(manifest, field).not.toHaveProperty(field);
    }
    expect(manifest.scripts).not.toHaveProperty("install");
    expect(manifest.scripts).not.toHaveProperty("postinstall");
    expect(manifest.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(read("LICENSE")).toBe(readFileSync(join(root, "../LICENSE"), "utf8"));
  });
});

const gzipped = (code: string) => gzipSync(code, { level: 9 }).length;

/** Builds what the entry needs, but for what is given. */
async function bundle(entry: string, without: readonly string[] = []) {
  const options = libraryBuild("module", entry);
  const result = await build({
    root,
    configFile: false,
    logLevel: "silent",
    publicDir: false,
    build: {
      ...options,
      write: false,
      rolldownOptions: {
        ...options.rolldownOptions,
        external: (id, importer) =>
          importer !== undefined && without.includes(resolve(dirname(importer), id)),
      },
    },
  });
  const [output] = [result].flat() as Rolldown.RolldownOutput[];
  const chunk = output?.output[0];
  if (chunk?.type !== "chunk") throw new Error("nothing was built");
  return { code: chunk.code, ids: chunk.moduleIds };
}

const moduleIds = async (entry: string) => (await bundle(entry)).ids;

describe("the library", () => {
  test("is modules without imports, for the web and for programs", async () => {
    for (const entry of entries) {
      const code = read(entry.import);
      expect(code).not.toMatch(/\bimport\b|\bfrom\s*["'`]|\brequire\(/);
      expect(code).not.toMatch(/\b(window|document|localStorage|process)\./);
    }
    const library = await import(join(root, "lib/caller.js"));
    expect(Object.keys(library)).toContain("createClient");
    const client = library.createClient({ baseUrl: "http://localhost/", room: "lobby" });
    expect(client.state.status).toBe("idle");
  });

  test("is small", () => {
    expect(gzipped(read("lib/caller.js"))).toBeLessThan(8_192);
  });

  // What each adds to a page that has the core: it and what only it imports. Bytes, gzipped.
  test.each([
    ["calls", 640],
    ["conversation", 1_664],
    ["files", 2_560],
    ["find", 512],
    ["link", 512],
    ["marks", 1_536],
    ["rules", 2_048],
    ["tabs", 5_120],
    ["tabs_reader", 1_536],
  ])("with the module %s is at most %i bytes larger", async (name, budget) => {
    const core = await moduleIds("src/client/index.ts");
    const later = join(root, "src/client/tabs_reader.ts"); // for a second tab in a room
    const { code } = await bundle(`src/client/${name}.ts`, [...core, later]);
    expect(gzipped(code)).toBeGreaterThan(budget / 3);
    expect(gzipped(code)).toBeLessThanOrEqual(budget);
  });

  test("does what its sources do, with shortened names", async () => {
    vi.useFakeTimers();
    const { createClient } = (await import(join(root, "lib/caller.js"))) as typeof Sources;
    for (const transport of TRANSPORTS) {
      const server = new FakeServer();
      const { fetch, socket } = server;
      const client = createClient({
        baseUrl: "http://host/",
        room: "lobby",
        transport,
        session: { clientId: "me", name: "Ann" },
        env: { fetch, socket },
      });
      const told: unknown[] = [];
      client.on("message", ({ text }) => told.push(text));
      client.on("final", ({ kind }) => told.push(kind));
      client.start();
      await vi.advanceTimersByTimeAsync(3_000);
      expect(client.state, transport).toMatchObject({ status: "live", transport, proven: true });
      server.refuse = { status: 422, code: "invalid_field" };
      client.post("bad");
      await vi.advanceTimersByTimeAsync(1_000);
      expect(client.posts).toMatchObject([{ state: "refused" }]);
      server.refuse = undefined;
      client.post("good");
      await vi.advanceTimersByTimeAsync(1_000);
      expect(told, transport).toEqual(["good"]);
      client.close();
    }
    vi.useRealTimers();
  });

  test("has the conversation in a module that says target, not a shortened name", async () => {
    const library = (await import(join(root, "lib/conversation.js"))) as typeof Conversations;
    const person = { id: "p", name: "P" };
    const message = {
      type: "message",
      roomId: "r",
      id: "1-a" as Sources.Cursor,
      from: person,
    } as const;
    const fields = { id: "2-b", target: "1-a", from: person, text: "better" };
    const entry = { type: "unknown", name: "edit", id: "2-b" as Sources.Cursor, fields } as const;
    const edit = library.readAmendment(entry);
    expect(edit).toMatchObject({ type: "edit", target: "1-a" });
    if (edit === undefined) return;
    expect(library.amend({ ...message, text: "good", time: "" }, edit)).toMatchObject({
      text: "better",
      amended: "2-b",
    });
  });

  test("shortens no name that others use", () => {
    // Types of the options, the events and the decisions, and so of what is on the wire.
    const types = ["client", "decisions", "end", "events", "transport"]
      .map((name) => read(`lib/types/${name}.d.ts`))
      .join("")
      .replace(/\/\*[\s\S]*?\*\//g, "");
    const sources = readdirSync(join(root, "src/client"))
      .filter(
        (name) =>
          !/^(tabs|multi_room|calls|conversation|files|find|link|marks|room_file|rules)/.test(name),
      ) // optional modules are not in it
      .map((name) => read(`src/client/${name}`))
      .join("");
    for (const name of INTERNAL) {
      expect(sources, "a name that is used").toMatch(new RegExp(`\\b${name}\\b`));
      expect(sources, "no text that may be a name").not.toContain(`"${name}"`);
      expect(read("lib/caller.js"), name).not.toMatch(new RegExp(`[.?]${name}\\b`));
      expect(types, name).not.toMatch(new RegExp(`\\b${name}\\??[:(]`));
    }
  });

  const dir = mkdtempSync(join(tmpdir(), "caller-library-"));
  afterAll(() => rmSync(dir, { recursive: true }));

  test.each([
    ["NodeNext", "NodeNext"],
    ["ESNext", "Bundler"],
  ])("has types of its own for %s modules resolved as %s", (module, moduleResolution) => {
    mkdirSync(join(dir, "node_modules/@caller-chat"), { recursive: true });
    const link = join(dir, "node_modules/@caller-chat/client");
    rmSync(link, { force: true });
    symlinkSync(root, link);
    writeFileSync(join(dir, "package.json"), '{"type":"module"}');
    writeFileSync(
      join(dir, "use.ts"),
      `import { type Client, createClient, type MessageEvent } from "@caller-chat/client";
const client: Client = createClient({ baseUrl: "https://example.org/", room: "lobby", name: "Ann" });
const off: () => void = client.on("message", (m: MessageEvent) => m.from.name.trim());
// @ts-expect-error: there is no such event, and the types know it
client.on("massage", () => undefined);
export const texts: string[] = client.messages.map((m) => m.text);
off();
`,
    );
    // What docs/client.md shows in TypeScript, each block by itself.
    const page = readFileSync(join(root, "../docs/client.md"), "utf8");
    const shown = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code], i) => {
      writeFileSync(join(dir, `shown${i}.ts`), code ?? "");
      return `shown${i}.ts`;
    });
    expect(shown).toHaveLength(8);
    const options = {
      module,
      moduleResolution,
      target: "ES2022",
      strict: true,
      skipLibCheck: false,
    };
    writeFileSync(
      join(dir, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          ...options,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          types: [],
          lib: ["ES2022", "DOM"],
        },
        files: ["use.ts", ...shown],
      }),
    );
    const run = () =>
      execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", dir], { encoding: "utf8" });
    expect(run).not.toThrow();
  });
});
