import type { enTalk } from "./en_talk.ts";
import type { FirstTexts } from "./texts.ts";

/** What is done to messages, in Russian. */
export const ruTalk: Pick<FirstTexts, keyof typeof enTalk> = {
  react: "Добавить реакцию",
  reactions: "Реакции",
  reply: "Ответить",
  edit: "Изменить",
  remove: "Удалить",
  textCopied: "Текст скопирован",
  message: "Сообщение",
  edited: "изменено",
  editedAt: "Изменено: {time}",
  messageDeleted: "Сообщение удалено",
  undo: "Вернуть",
  editing: "Изменить сообщение",
  save: "Сохранить",
  replyDeleted: "Удалённое сообщение",
  goToMessage: "Перейти к сообщению",
  talkNeedsName: "Представьтесь, чтобы отвечать и ставить реакции.",
};
