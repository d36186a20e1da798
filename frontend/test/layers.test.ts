import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { enMore } from "../src/ui/i18n/en_more.ts";

const root = new URL("../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const filesOf = (folder: string) =>
  (readdirSync(new URL(folder, root), { recursive: true }) as string[])
    .filter((name) => /\.(ts|tsx|js|css|html)$/.test(name))
    .map((name) => `${folder}${name}`);
const importsOf = (path: string) =>
  [...read(path).matchAll(/(?:from|import)\s+"([^"]+)"/g)].map((match) => match[1] ?? "");

describe("the layers", () => {
  test.each(filesOf("src/client/"))("%s imports nothing but the client", (path) => {
    for (const name of importsOf(path)) expect(name).toMatch(/^\.\/[a-z_]+\.ts$/);
  });

  test("the page uses the client and its optional modules by their entries", () => {
    const entry =
      /^(\.\.\/)+client\/(index|tabs|calls|conversation|files|find|link|marks|rules)\.ts$/;
    for (const path of filesOf("src/ui/")) {
      for (const name of importsOf(path)) {
        if (name.includes("/client/")) expect(name, path).toMatch(entry);
      }
    }
  });

  test("the admin page shares with the chat's what is of no room", () => {
    const shared =
      /^(\.\.\/)+ui\/(i18n\/languages|settings|theme|use_media|layers)\.ts$|^(\.\.\/)+ui\/style\//;
    for (const path of filesOf("src/admin/")) {
      for (const name of importsOf(path)) {
        expect(name, path).not.toMatch(/\/(client|worker)\//);
        if (name.includes("/ui/")) expect(name, path).toMatch(shared);
      }
    }
    for (const path of [...filesOf("src/ui/"), ...filesOf("src/worker/")]) {
      for (const name of importsOf(path)) expect(name, path).not.toContain("/admin/");
    }
  });

  test("what comes with the page says nothing that comes after it", () => {
    const found = new Set<string>();
    const visit = (path: string) => {
      if (found.has(path) || !/\.tsx?$/.test(path)) return;
      found.add(path);
      for (const [, name] of read(path).matchAll(
        /^(?:import|export)(?! type)[^;]*? from "(\.[^"]+)"/gm,
      )) {
        visit(new URL(name ?? "", new URL(path, root)).href.slice(root.href.length));
      }
    };
    visit("src/ui/main.tsx");
    // It is text of messages: that is read with the first words alone.
    visit("src/ui/text/formatted.tsx");
    expect(found).toContain("src/ui/message_list.tsx");
    for (const path of [...found].filter((one) => one.startsWith("src/ui/"))) {
      const code = read(path).replace(/execCommand\("\w+"\)/g, ""); // the browser's own words
      const said = [...code.matchAll(/"(\w+)"/g)].map(([, word]) => word ?? "");
      expect(
        said.filter((word) => Object.hasOwn(enMore, word)),
        path,
      ).toEqual([]);
    }
  });

  test("LiveKit's client is loaded by one module, which is loaded when a call is joined", () => {
    for (const path of filesOf("src/")) {
      const asks = /livekit(-client"|\.ts")/.test(read(path));
      const allowed = ["src/ui/call/livekit.ts", "src/ui/call/call_screen.tsx"];
      expect(asks, path).toBe(allowed.includes(path));
    }
    expect(importsOf("src/ui/call/call_screen.tsx")).not.toContain("./livekit.ts");
  });

  test("nothing writes markup", () => {
    for (const path of filesOf("src/")) {
      expect(read(path), path).not.toMatch(
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/,
      );
    }
  });

  test("no file is longer than a file should be", () => {
    for (const path of filesOf("src/").filter((name) => /\.tsx?$/.test(name))) {
      expect(read(path).split("\n").length, path).toBeLessThanOrEqual(401);
    }
  });
});

describe("what is built", () => {
  const sizeOf = (paths: string[]) =>
    paths.reduce((sum, path) => sum + gzipSync(read(path)).length, 0);
  /** What a page needs before it shows: all else is loaded when somebody asks for it. */
  const atFirst = () => {
    const found = new Set<string>();
    const visit = (path: string) => {
      if (found.has(path)) return;
      found.add(path);
      for (const [, name] of read(path).matchAll(
        /(?:from|import)\s*["'`]\.\/([\w.-]+\.js)["'`]/g,
      )) {
        visit(`dist/assets/${name}`);
      }
    };
    for (const [, name] of read("dist/index.html").matchAll(
      /(?:src|href)="\.\/(assets\/[^"]+\.js)"/g,
    )) {
      visit(`dist/${name}`);
    }
    return [...found];
  };
  const isOfCalls = (path: string) => /\/(call_screen|livekit)-[\w-]+\.js$/.test(path);

  test("is within the budgets", () => {
    expect(sizeOf(atFirst())).toBeGreaterThan(1_000);
    expect(sizeOf(atFirst())).toBeLessThan(56_000);
    const styles = filesOf("dist/").filter((path) => path.endsWith(".css"));
    const first = styles.filter((path) => read("dist/index.html").includes(path.slice(5)));
    expect(first).toHaveLength(1);
    expect(sizeOf(first)).toBeLessThan(10 * 1024);
    expect(sizeOf(styles) - sizeOf(first)).toBeLessThan(3 * 1024);
  });

  test("has the emoji, and what opens over messages, in files that come later", () => {
    for (const words of ["хлопушка", "remove-ask"]) {
      const has = (path: string) => read(path).includes(words);
      expect(atFirst().some(has), words).toBe(false);
      expect(filesOf("dist/").filter((path) => path.endsWith(".js") && has(path))).toHaveLength(1);
    }
  });

  test("has the parser of texts, the colouring of code and the list of names in files of their own", () => {
    for (const sign of ["backticksScanned", "hljs-", "mention-option"]) {
      const has = (path: string) => read(path).includes(sign);
      expect(atFirst().filter(has), sign).toEqual([]);
      expect(filesOf("dist/").filter((path) => path.endsWith(".js") && has(path))).toHaveLength(1);
    }
  });

  test("has what sends and shows files, the viewer and the reader of PDFs in files that come later", () => {
    for (const sign of ["attached-remove", "viewer-picture", "Upload-Metadata", "PDFWorker"]) {
      const has = (path: string) => read(path).includes(sign);
      expect(atFirst().filter(has), sign).toEqual([]);
      const scripts = filesOf("dist/assets/").filter((path) => path.endsWith(".js"));
      expect(scripts.filter(has), sign).toHaveLength(1);
    }
  });

  test("has the QR code in a file that is loaded when asked for", () => {
    const has = (path: string) => read(path).includes("qr-code");
    expect(atFirst().some(has)).toBe(false);
    expect(filesOf("dist/").filter((path) => path.endsWith(".js") && has(path))).toHaveLength(1);
  });

  test("has the call in files of its own, and LiveKit in another one", () => {
    const scripts = filesOf("dist/").filter((path) => path.endsWith(".js"));
    const withLiveKit = scripts.filter((path) => /dynacast/.test(read(path)));
    const named = scripts.filter(isOfCalls);
    expect(named).toHaveLength(2);
    expect(withLiveKit).toHaveLength(1);
    expect(withLiveKit[0]).toMatch(/\/livekit-/);
    const html = read("dist/index.html");
    for (const path of named) expect(html).not.toContain(path.replace("dist/", ""));
  });

  test("has an admin page that is small, too", () => {
    const files = filesOf("dist-admin/").filter((path) => /\.(js|css)$/.test(path));
    const scripts = files.filter((path) => /\/index-[\w-]+\.js$/.test(path));
    expect(scripts).toHaveLength(1);
    expect(sizeOf(files)).toBeLessThan(40_000);
    expect(sizeOf(files.filter((path) => path.endsWith(".css")))).toBeLessThan(6 * 1024);
    // The words of other languages are for who reads them.
    expect(scripts.some((path) => read(path).includes("Обзор"))).toBe(false);
  });

  test.each(["dist", "dist-admin"])("%s keeps to the content security policy", (folder) => {
    const html = read(`${folder}/index.html`);
    if (folder === "dist") expect(html).toMatch(/<base href="\/"\s*\/?>/);
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
    for (const [, address] of html.matchAll(/(?:src|href)="([^"]*)"/g)) {
      expect(address).toMatch(/^(\/|\.\/[\w./-]+)$/);
    }
  });
});
