import { type Memory, TRANSPORTS } from "../client/index.ts";

/** Reads what this browser has kept of what was learnt about the network. */
export function readMemory(value: unknown): Memory | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { works, back } = value as Record<string, unknown>;
  const memory: Memory = { back: {} };
  for (const transport of TRANSPORTS) {
    const until = (back as Record<string, unknown> | undefined)?.[transport];
    if (typeof until === "number") memory.back[transport] = until;
    const worked = works as { transport?: unknown; until?: unknown } | undefined;
    if (worked?.transport === transport && typeof worked.until === "number") {
      memory.works = { transport, until: worked.until };
    }
  }
  return memory;
}
