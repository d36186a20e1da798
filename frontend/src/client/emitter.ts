export interface Emitter<Events extends object> {
  /** Returns what takes the listener off again. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void;
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void;
}

/** Listeners by name. One that throws does not keep the others from hearing. */
export function createEmitter<Events extends object>(): Emitter<Events> {
  const all = new Set<[name: keyof Events, listener: (value: never) => void]>();
  return {
    on(name, listener) {
      const one = [name, listener] as [typeof name, typeof listener];
      all.add(one);
      return () => all.delete(one);
    },
    emit(name, value) {
      for (const [to, listener] of all) {
        try {
          if (to === name) (listener as (heard: typeof value) => void)(value);
        } catch (error) {
          console.error(error);
        }
      }
    },
  };
}
