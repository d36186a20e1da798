import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// The page of the admin listener: a page of its own, which shares parts with the chat's.
export default defineConfig({
  root: fileURLToPath(new URL("src/admin/", import.meta.url)),
  // Its address may have a path before it, behind a proxy.
  base: "./",
  publicDir: false,
  build: {
    target: "es2022",
    outDir: fileURLToPath(new URL("dist-admin/", import.meta.url)),
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: 0, // the content security policy is written for files
    reportCompressedSize: true,
    license: { fileName: "licenses.md" },
    rolldownOptions: { output: { topLevelVar: false } },
  },
  server: {
    proxy: { "^/(api|login|logout)": { target: "http://127.0.0.1:9090" } },
  },
});
