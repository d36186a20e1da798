import type { FirstTexts } from "./texts.ts";

/** The list of rooms and the search, in Russian. */
export const roomsRu = {
  rooms: "Комнаты",
  roomsWider: "Показать названия комнат",
  roomsNarrower: "Показать только инициалы",
  roomsUnread: {
    one: "Комнаты, {count} непрочитанное сообщение",
    few: "Комнаты, {count} непрочитанных сообщения",
    many: "Комнаты, {count} непрочитанных сообщений",
    other: "Комнаты, {count} непрочитанного сообщения",
  },
  unreadCount: {
    one: "{count} непрочитанное",
    few: "{count} непрочитанных",
    many: "{count} непрочитанных",
    other: "{count} непрочитанного",
  },
  mentionCount: {
    one: "{count} упоминание",
    few: "{count} упоминания",
    many: "{count} упоминаний",
    other: "{count} упоминания",
  },
  jump: "Перейти в комнату",
  find: "Поиск по сообщениям",
} satisfies Partial<FirstTexts>;
