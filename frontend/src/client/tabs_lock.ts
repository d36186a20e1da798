/** The part of Web Locks that is used. */
export interface LocksLike {
  request(
    name: string,
    options: { signal?: AbortSignal; steal?: boolean },
    run: () => Promise<unknown>,
  ): Promise<unknown>;
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
export function createLock(
  locks: LocksLike,
  name: string,
  got: () => void,
  lost: () => void,
): Lock {
  let abort: AbortController | undefined;
  let release: (() => void) | undefined;
  let stopped = false;

  function wait(): void {
    stopped = false;
    abort = new AbortController();
    request({ signal: abort.signal });
  }

  function close(): void {
    stopped = true;
    abort?.abort();
    release?.();
    release = undefined;
  }

  function request(options: { signal?: AbortSignal; steal?: boolean }): void {
    let mine: (() => void) | undefined;
    locks
      .request(name, options, () => {
        // Asked for before it was stolen, say, and granted after.
        if (stopped || release) return Promise.resolve();
        return new Promise<void>((resolve) => {
          mine = resolve;
          release = resolve;
          got();
        });
      })
      .catch(() => {
        if (stopped || options.signal?.aborted || release !== mine) return;
        release = undefined;
        // Stolen from this one, by another that was as quick.
        if (mine === undefined) wait();
        else lost();
      });
  }

  return {
    wait,
    steal() {
      if (release) return;
      abort?.abort();
      request({ steal: true });
    },
    again() {
      close();
      wait();
    },
    close,
  };
}

/** Calls `gone` when the tab that holds the lock is no more. Returns what stops the watching. */
export function watch(locks: LocksLike, name: string, gone: () => void): () => void {
  const abort = new AbortController();
  locks.request(name, { signal: abort.signal }, async () => gone()).catch(() => undefined);
  return () => abort.abort();
}
