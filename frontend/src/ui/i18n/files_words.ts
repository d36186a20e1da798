import { savedLanguage } from "../settings.ts";
import { bring, type Language, others } from "./index.ts";

/** The words of files, which come with what shows and sends them. */
function load(language: Language): Promise<void> {
  return bring(
    language,
    async () => (await import("./ru_files.ts")).ruFiles,
    async () => (await import("./en_files.ts")).enFiles,
  );
}

others.add(load);

export const filesWords = load(savedLanguage());
