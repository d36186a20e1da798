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
 * Puts into the service worker which files the page needs to show: its script and what that imports,
 * the words of other languages, its style, and what is beside it. So each page has another worker, and the browser sees that.
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
      // The words of who does not read English.
      for (const { name, fileName } of chunks) if (name === "ru") visit(fileName);
      // What it draws first is a small part; the page itself is what it then loads.
      for (const name of main.dynamicImports) visit(name);
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
