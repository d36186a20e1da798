/** Listeners by name. One that throws does not keep the others from hearing. */
export class Emitter<Events extends object> {
  readonly #listeners = new Set<{ name: keyof Events; hear: (value: never) => void }>();

  /** Returns what takes the listener off again. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    const one = { name, hear: listener };
    this.#listeners.add(one);
    return () => this.#listeners.delete(one);
  }

  protected emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const one of this.#listeners) {
      try {
        if (one.name === name) (one.hear as (value: Events[Name]) => void)(value);
      } catch (error) {
        console.error(error);
      }
    }
  }
}
