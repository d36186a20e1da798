/** One block of an event stream (WHATWG HTML, section 9.2.6). */
export interface SseBlock {
  event: string;
  data: string;
  id?: string;
}

/**
 * Parses an event stream that arrives in pieces of any size: lines end with LF, CR or CRLF, a CRLF may be cut in two,
 * comments and unknown fields are skipped, an unfinished block at the end is dropped.
 */
export class SseParser {
  #rest = "";
  #afterCR = false;
  #first = true;
  #event = "";
  #data: string[] = [];
  #id: string | undefined;

  push(chunk: string): SseBlock[] {
    if (chunk === "") return [];
    let text = chunk;
    if (this.#first) {
      this.#first = false;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    if (this.#afterCR && text.startsWith("\n")) text = text.slice(1);
    this.#afterCR = text.endsWith("\r");
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? "";
    const blocks: SseBlock[] = [];
    for (const line of lines) {
      const block = this.#line(line);
      if (block !== undefined) blocks.push(block);
    }
    return blocks;
  }

  #line(line: string): SseBlock | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return undefined;
  }

  #dispatch(): SseBlock | undefined {
    const block: SseBlock = { event: this.#event || "message", data: this.#data.join("\n") };
    if (this.#id !== undefined) block.id = this.#id;
    const has = this.#data.length > 0;
    this.#event = "";
    this.#data = [];
    return has ? block : undefined;
  }
}
