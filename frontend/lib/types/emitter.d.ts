export interface Emitter<Events extends object> {
    /** Returns what takes the listener off again. */
    on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void;
    emit<Name extends keyof Events>(name: Name, value: Events[Name]): void;
}
/** Listeners by name. One that throws does not keep the others from hearing. */
export declare function createEmitter<Events extends object>(): Emitter<Events>;
