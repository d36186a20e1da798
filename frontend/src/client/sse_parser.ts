/**
 * Gives what takes an event stream in pieces of any size and returns the `data` of the blocks that
 * each piece completes (WHATWG HTML, section 9.2.6): lines end with LF, CR or CRLF, a CRLF may be
 * cut in two, and an unfinished block at the end is dropped. The other fields say nothing that is
 * not in the data.
 */
export function sseParser(): (piece: string) => string[] {
  let rest = "";
  const data: string[] = [];
  return (piece) => {
    // A CR at the end may be half of a CRLF: it waits.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    const blocks: string[] = [];
    for (const line of lines) {
      const field = /^data(?:: ?(.*))?$/s.exec(line);
      if (field) data.push(field[1] ?? "");
      if (line === "" && data.length > 0) blocks.push(data.splice(0).join("\n"));
    }
    return blocks;
  };
}
