import { type TransportSelector, type TransportSelectorOptions } from "./selector_parts.ts";
export declare function createTransportSelector(options: TransportSelectorOptions): TransportSelector;
