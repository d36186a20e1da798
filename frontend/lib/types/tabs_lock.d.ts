/** The part of Web Locks that is used. */
export interface LocksLike {
    request(name: string, options: {
        signal?: AbortSignal;
        steal?: boolean;
    }, run: () => Promise<unknown>): Promise<unknown>;
}
export interface Lock {
    /** Gets in line. */
    wait(): void;
    /** Takes it from a leader that does not answer. */
    steal(): void;
    /** Gives it up, and gets in line again. */
    again(): void;
    close(): void;
}
/**
 * Which of some tabs has what they share: the browser knows, and gives it on the moment a tab is
 * gone. `got` and `lost` come in turn; after `lost`, `again()` gets back in line.
 */
export declare function createLock(locks: LocksLike, name: string, got: () => void, lost: () => void): Lock;
/** Calls `gone` when the tab that holds the lock is no more. Returns what stops the watching. */
export declare function watch(locks: LocksLike, name: string, gone: () => void): () => void;
