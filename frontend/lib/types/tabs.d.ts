import { type Connection, type ConnectionOptions } from "./connection.ts";
import { type TabEnvironment } from "./tabs_messages.ts";
/**
 * Joins what the tabs of this origin share, under a name that says to which server and how. All
 * rooms of one tab are one party to it.
 */
export declare function joinTabs(name: string, baseUrl: string, tabs?: TabEnvironment | undefined): (options: ConnectionOptions) => Connection;
