import { existsSync, readFileSync } from "node:fs";
import type { Plugin } from "vite";

/**
 * What is built for another thread is built apart, and the list of licences knows nothing of it.
 * `note` sees what goes into threads, `name` adds it to the list.
 */
export function licensesOfThreads(): { note: Plugin; name: Plugin } {
  const folders = new Map<string, string>();
  return {
    note: {
      name: "note-licenses-of-threads",
      generateBundle(_, bundle) {
        for (const file of Object.values(bundle)) {
          for (const id of file.type === "chunk" ? file.moduleIds : []) {
            const found = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(id);
            if (found?.[1] !== undefined && found[2] !== undefined) folders.set(found[2], found[1]);
          }
        }
      },
    },
    name: {
      name: "name-licenses-of-threads",
      generateBundle: {
        order: "post",
        handler(_, bundle) {
          const list = bundle["licenses.md"];
          if (list?.type !== "asset") this.error("there is no list of licences to add to");
          const sections = [...folders].sort().map(([name, folder]) => sectionOf(name, folder));
          list.source = [String(list.source).trimEnd(), ...sections, ""].join("\n\n");
        },
      },
    },
  };
}

function sectionOf(name: string, folder: string): string {
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as Record<
    string,
    string
  >;
  const file = ["LICENSE", "license", "LICENSE.md"].find((one) => existsSync(`${folder}/${one}`));
  if (file === undefined) throw new Error(`${name} has no licence`);
  const text = readFileSync(`${folder}/${file}`, "utf8").trim();
  return `## ${name} - ${version} (${license})\n\n${text}`;
}
