/** What the admin API answers with (docs/admin.md). What may be missing is said to be. */

export interface Person {
  id: string;
  name?: string;
  guest?: boolean;
  /** Who else vouches for the name: `site`, `oidc`, or `token` for a program. */
  via?: string;
  role?: string;
}

export interface Health {
  status: string;
  checks?: Record<string, { ok: boolean; took?: number; error?: string }>;
}

export interface NodeInfo {
  id: string;
  self?: boolean;
  version?: string;
  commit?: string;
  startedAt?: string;
  seenAt?: string;
  addr?: string;
  rooms?: number;
  subscribers?: Record<string, number>;
  postsPerSecond?: number;
  deliveriesPerSecond?: number;
  /** Bytes. */
  memory?: number;
  maxMemory?: number;
  /** Cores that it is busy on; negative where that is not known. */
  cpu?: number;
  goroutines?: number;
  /** Milliseconds. */
  store?: { latencyP50?: number; latencyP99?: number };
}

export interface Stats {
  rooms: number;
  activeRooms?: number;
  members?: number;
  guests?: number;
  subscribers?: number;
  messagesKept?: number;
  postsPerMinute?: number;
  owned?: number;
  files?: { count: number; bytes: number };
  sessionsRevoked?: number;
  nodes?: number;
}

export interface RoomInfo {
  room: string;
  title?: string;
  members?: number;
  /** Null where the members are too many to be looked at. */
  guests?: number | null;
  messages?: number;
  kept?: { first?: string; last?: string };
  lastAt?: string;
  perMinute?: number;
  perHour?: number;
  owned?: boolean;
  /** For good. */
  closed?: boolean;
  locked?: boolean;
  password?: boolean;
  inviteOnly?: boolean;
  /** How many are in its call. */
  calls?: number;
  files?: number;
  bytes?: number;
}

export interface RoomList {
  rooms: RoomInfo[] | null;
  next?: string;
  total?: number;
  asOf?: string;
}

export interface MemberInfo extends Person {
  transport?: string;
  joinedAt?: string;
  node?: string;
}

export interface BanInfo {
  id: string;
  member: Person;
  by?: Person;
  reason?: string;
  at?: string;
  until?: string;
  network?: boolean;
}

export interface SessionInfo {
  id: string;
  name?: string;
  signedOut?: boolean;
  rooms?: { room: string; present?: boolean; readAt?: string; messages?: number }[] | null;
}

export interface AuditEntry {
  id: string;
  at: string;
  actor?: Person;
  action: string;
  room?: string;
  /** Whom or what it was done to. */
  target?: { id?: string; name?: string };
  detail?: string;
  node?: string;
}

/** Another program that is told what happens. */
export interface HookInfo {
  id: string;
  url: string;
  events?: string[] | null;
  disabledAt?: string;
  disabledReason?: string;
  failing?: { since?: string; attempts?: number; error?: string };
}

/** What could not be told. */
export interface DeadLetter {
  id: string;
  room?: string;
  hook?: string;
  type?: string;
  at?: string;
  diedAt?: string;
  url?: string;
  status?: number;
  error?: string;
  attempts?: number;
  payload?: unknown;
}

/** An entry of a room's log, of any kind. */
export interface LogEntry {
  type: string;
  id: string;
  from?: Person;
  time?: string;
  text?: string;
  target?: string;
  what?: string;
  member?: Person;
  role?: string;
  changed?: string[];
  editedAt?: string;
  deleted?: boolean;
  files?: { name?: string; size?: number }[];
  reactions?: { emoji: string; count: number }[];
  emoji?: string;
  on?: boolean;
}

export interface RoomSettings {
  title: string;
  topic: string;
  password: boolean;
  inviteOnly: boolean;
  locked: boolean;
  posting: string;
  slowMode: number;
  history: string;
  historyLimit: number;
  historyTtl: number;
  maxMembers: number;
  files: boolean;
  calls: boolean;
  listed: boolean;
  newcomers: string;
}

export interface RoomRules {
  version: number;
  owned: boolean;
  settings: RoomSettings;
}
