#!/usr/bin/env node
// emoji.mjs CLDR: writes frontend/src/ui/emoji/emoji.json, what the page's emoji picker offers.
// Which emoji and in which order says chosen.txt beside it; their names and words to find them by, in
// English and Russian, are Unicode's (npm: cldr-annotations-full and cldr-annotations-derived-full, in
// the folder that is given).
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: emoji.mjs FOLDER_OF_THE_CLDR_PACKAGES");
  process.exit(2);
}
const here = new URL("../frontend/src/ui/emoji/", import.meta.url);
const LANGUAGES = ["en", "ru"];
/** Words for each language: who looks for something has typed one of the first. */
const MOST = 7;

const read = (path) => JSON.parse(readFileSync(join(folder, path), "utf8"));
const words = LANGUAGES.map((language) => ({
  ...read(`cldr-annotations-derived-full/annotationsDerived/${language}/annotations.json`)
    .annotationsDerived.annotations,
  ...read(`cldr-annotations-full/annotations/${language}/annotations.json`).annotations.annotations,
}));

function describe(emoji, annotations) {
  const found = annotations[emoji] ?? annotations[emoji.replaceAll("\uFE0F", "")];
  if (found === undefined) throw new Error(`${emoji} has no name`);
  const [name] = found.tts;
  const more = found.default.filter((word) => !name.split(/\s/).includes(word)).slice(0, MOST);
  return [name, more.join(" ")];
}

const lines = readFileSync(new URL("chosen.txt", here), "utf8").trim().split("\n");
const groups = [];
for (let i = 0; i < lines.length; i += 2) {
  const emoji = lines[i + 1].split(" ").map((one) => {
    const described = words.flatMap((annotations) => describe(one, annotations));
    return `      ${JSON.stringify([one, ...described])}`;
  });
  groups.push(`  {"group": ${JSON.stringify(lines[i])}, "emoji": [\n${emoji.join(",\n")}\n  ]}`);
}
writeFileSync(new URL("emoji.json", here), `[\n${groups.join(",\n")}\n]\n`);
