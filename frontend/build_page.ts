import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

/**
 * Names in the page what it loads once it has drawn its first look, which is the page itself and what
 * that imports, so that it is on its way by then.
 */
export function preloadPage(): Plugin {
  return {
    name: "preload-page",
    transformIndexHtml: {
      order: "post",
      handler(_, { bundle = {}, chunk }) {
        const files = new Set<string>();
        const visit = (name: string) => {
          const file = bundle[name];
          if (file?.type !== "chunk" || name === chunk?.fileName || files.has(name)) return;
          files.add(name);
          file.imports.forEach(visit);
        };
        // What it loads for the start is not for who comes to a room.
        for (const name of chunk?.dynamicImports ?? []) if (isPage(bundle[name])) visit(name);
        return [...files].map((name) => ({
          tag: "link",
          attrs: {
            rel: "modulepreload",
            crossorigin: true,
            fetchpriority: "low",
            href: `./${name}`,
          },
          injectTo: "head",
        }));
      },
    },
  };
}

function isPage(file: { type: string; moduleIds?: string[] } | undefined): boolean {
  return file?.moduleIds?.includes(idOf("main.tsx")) === true;
}

interface Modules {
  getModuleInfo(id: string): { importedIds: readonly string[] } | null;
}

/**
 * Names the file of what the page itself begins with, but for what its first look has already; and
 * that of what it loads after that.
 */
export function fileOf(id: string, modules: Modules): string | null {
  if (reach(idOf("first.ts"), modules).has(id)) return null;
  if (reach(idOf("main.tsx"), modules).has(id)) return "page";
  return reach(idOf("later.ts"), modules).has(id) ? "later" : null;
}

function idOf(name: string): string {
  return fileURLToPath(new URL(`src/ui/${name}`, import.meta.url));
}

/** The modules that one imports, and that these import. */
function reach(from: string, modules: Modules, found = new Set<string>()): Set<string> {
  if (found.has(from)) return found;
  found.add(from);
  for (const id of modules.getModuleInfo(from)?.importedIds ?? []) reach(id, modules, found);
  return found;
}
