import { readdirSync } from "node:fs";
import type { Plugin } from "vite";

/** Where the service worker is: a name that stays, next to the page, so that it is for all of it. */
const WORKER = "sw.js";

interface Chunk {
  type: "chunk";
  fileName: string;
  name: string;
  isEntry: boolean;
  code: string;
  imports: string[];
  dynamicImports: string[];
}

/**
 * What is loaded on demand is there without a network too, unless it is larger. That is kept once it
 * was used. Characters.
 */
const LARGE = 20_000;

/**
 * Puts into the service worker which files the page needs to show: its script and what that imports,
 * what it loads on demand, its style, and what is beside it. So each page has another worker, and the
 * browser sees that.
 */
export function fillWorker(publicFolder: URL): Plugin {
  return {
    name: "fill-worker",
    generateBundle(_, bundle) {
      const all = Object.values(bundle);
      const chunks = all.filter((file) => file.type === "chunk") as unknown as Chunk[];
      const worker = chunks.find(({ fileName }) => fileName === WORKER);
      const main = chunks.find(({ isEntry, fileName }) => isEntry && fileName !== WORKER);
      if (worker === undefined || main === undefined)
        this.error("the worker or the page is missing");
      if (worker.imports.length > 0) this.error("the worker has to be one file");
      const scripts = new Set<string>();
      const visit = (name: string) => {
        if (scripts.has(name)) return;
        scripts.add(name);
        for (const other of chunks.find(({ fileName }) => fileName === name)?.imports ?? []) {
          visit(other);
        }
      };
      visit(main.fileName);
      // What it draws first is a small part; the page itself is what it then loads.
      for (const name of main.dynamicImports) visit(name);
      // The words of other languages, and what somebody asks for.
      for (const { fileName, code } of chunks) {
        if (fileName !== WORKER && code.length <= LARGE) visit(fileName);
      }
      const styles = all.map(({ fileName }) => fileName).filter((name) => name.endsWith(".css"));
      const open = readdirSync(publicFolder, { withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(svg|webmanifest)$/.test(entry.name))
        .map(({ name }) => name);
      const files = JSON.stringify([...scripts, ...styles.sort(), ...open.sort()]);
      const filled = worker.code.replace(/(["'`])%FILES%\1/, () => files);
      if (filled === worker.code) this.error("the worker has no place for the files");
      worker.code = filled;
    },
  };
}

/** The worker has no hash in its name, everything else has. */
export function nameOf({ name }: { name: string }): string {
  return name === "sw" ? WORKER : "assets/[name]-[hash].js";
}
