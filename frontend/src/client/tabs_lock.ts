/** The part of Web Locks that is used. */
export interface LocksLike {
  request(
    name: string,
    options: { signal?: AbortSignal; steal?: boolean },
    run: () => Promise<unknown>,
  ): Promise<unknown>;
}

/** Who of some tabs holds what they share: the browser knows, and gives it on the moment a tab is gone. */
export class Lock {
  readonly #locks: LocksLike;
  readonly #name: string;
  readonly #got: () => void;
  readonly #lost: () => void;
  #abort: AbortController | undefined;
  #release: (() => void) | undefined;
  #stopped = false;

  /** `got` and `lost` come in turn; after `lost`, `again()` gets back in line. */
  constructor(locks: LocksLike, name: string, got: () => void, lost: () => void) {
    this.#locks = locks;
    this.#name = name;
    this.#got = got;
    this.#lost = lost;
  }

  /** Gets in line. */
  wait(): void {
    this.#stopped = false;
    this.#abort = new AbortController();
    this.#request({ signal: this.#abort.signal });
  }

  /** Takes it from a leader that does not answer. */
  steal(): void {
    if (this.#release !== undefined) return;
    this.#abort?.abort();
    this.#request({ steal: true });
  }

  /** Gives it up, and gets in line again. */
  again(): void {
    this.close();
    this.wait();
  }

  close(): void {
    this.#stopped = true;
    this.#abort?.abort();
    this.#release?.();
    this.#release = undefined;
  }

  #request(options: { signal?: AbortSignal; steal?: boolean }): void {
    let mine: (() => void) | undefined;
    this.#locks
      .request(this.#name, options, () => {
        // Asked for before it was stolen, say, and granted after.
        if (this.#stopped || this.#release !== undefined) return Promise.resolve();
        return new Promise<void>((resolve) => {
          mine = resolve;
          this.#release = resolve;
          this.#got();
        });
      })
      .catch(() => {
        if (this.#stopped || options.signal?.aborted || this.#release !== mine) return;
        this.#release = undefined;
        // Stolen from this one, by another that was as quick.
        if (mine === undefined) this.wait();
        else this.#lost();
      });
  }
}

/** Calls `gone` when the tab that holds the lock is no more. Returns what stops the watching. */
export function watch(locks: LocksLike, name: string, gone: () => void): () => void {
  const abort = new AbortController();
  locks.request(name, { signal: abort.signal }, async () => gone()).catch(() => undefined);
  return () => abort.abort();
}
