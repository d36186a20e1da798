// audit-page.mjs: reads what "npm audit --json" says on standard input, and tells it. Ends with 1 when there is
// something in what the page is built of, with 2 when the registry has not said anything. What is in the page are
// the packages that its sources import, with those that they need: all are installed as devDependencies, since
// the build puts them into frontend/dist.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const frontend = new URL("../frontend/", import.meta.url).pathname;

let report = {};
try {
  report = JSON.parse(readFileSync(0, "utf8"));
} catch {}
if (!report.auditReportVersion) {
  const wrongHere = report.error?.code; // such as ENOLOCK: nothing of the registry's
  console.log(wrongHere ? `npm audit: ${wrongHere}: ${report.error.summary}` : (report.message ?? "npm audit gives no report"));
  process.exit(wrongHere ? 1 : 2);
}

const imported = new Set();
for (const entry of readdirSync(join(frontend, "src"), { recursive: true, withFileTypes: true })) {
  if (!/\.(tsx?|css)$/.test(entry.name) || /\.test\./.test(entry.name)) continue;
  const source = readFileSync(join(entry.parentPath ?? entry.path, entry.name), "utf8");
  for (const [, name] of source.matchAll(/(?:from|import|import\()\s*["']((?:@[^/"']+\/)?[^./"'][^/"']*)/g)) imported.add(name);
}

const locked = JSON.parse(readFileSync(join(frontend, "package-lock.json"), "utf8")).packages;
const inPage = new Set();
const take = (name) => {
  if (inPage.has(name)) return;
  inPage.add(name);
  for (const [path, { dependencies = {} }] of Object.entries(locked)) {
    if (path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`)) Object.keys(dependencies).forEach(take);
  }
};
for (const name of imported) if (locked[`node_modules/${name}`]) take(name);
if (inPage.size === 0) {
  console.log("no package is found in the page's sources: this script is wrong");
  process.exit(1);
}

let status = 0;
for (const { name, via } of Object.values(report.vulnerabilities)) {
  const where = inPage.has(name) ? "in the page" : "to build it";
  for (const known of via.filter((v) => typeof v === "object")) {
    console.log(`${where}: ${name} ${known.range}: ${known.severity}: ${known.title} (${known.url})`);
    if (inPage.has(name)) status = 1;
  }
}
if (status === 0) console.log(`nothing is known of the page's packages: ${[...inPage].sort().join(", ")}`);
process.exit(status);
