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
export declare class SseParser {
    #private;
    push(chunk: string): SseBlock[];
}
