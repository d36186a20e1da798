import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";

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

  test("the page uses the client by its entry, and what tabs share by its own", () => {
    const entries = ["../client/index.ts", "../client/share.ts"];
    for (const path of filesOf("src/ui/")) {
      for (const name of importsOf(path)) {
        if (name.includes("client/")) expect(entries, path).toContain(name);
      }
    }
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
      expect(read(path).split("\n").length, path).toBeLessThanOrEqual(600);
    }
  });
});

describe("what is built", () => {
  const gzipped = (ext: string) =>
    filesOf("dist/")
      .filter((path) => path.endsWith(ext))
      .reduce((sum, path) => sum + gzipSync(read(path)).length, 0);

  test("is within the budgets", () => {
    expect(gzipped(".js")).toBeGreaterThan(1_000);
    expect(gzipped(".js")).toBeLessThan(50 * 1024);
    expect(gzipped(".css")).toBeLessThan(10 * 1024);
  });

  test("keeps to the content security policy: nothing inline, nothing from elsewhere", () => {
    const html = read("dist/index.html");
    expect(html).toMatch(/<base href="\/"\s*\/?>/);
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
    for (const [, address] of html.matchAll(/(?:src|href)="([^"]*)"/g)) {
      expect(address).toMatch(/^(\/|\.\/[\w./-]+)$/);
    }
  });
});
