import { type LinkOptions, type Port } from "./link.ts";
import { type Neighbours } from "./share_letters.ts";
/** Joins what the tabs of this origin share, under a name that says to which server and how. */
export declare function share(name: string, baseUrl: string, near?: Neighbours | undefined): (options: LinkOptions) => Port;
