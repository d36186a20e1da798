/**
 * Gives what takes an event stream in pieces of any size and returns the `data` of the blocks that
 * each piece completes (WHATWG HTML, section 9.2.6): lines end with LF, CR or CRLF, a CRLF may be
 * cut in two, and an unfinished block at the end is dropped. The other fields say nothing that is
 * not in the data.
 */
export declare function sseParser(): (piece: string) => string[];
