/** What is done to messages, in English. */
export const enTalk = {
  react: "Add reaction",
  reactions: "Reactions",
  reply: "Reply",
  edit: "Edit",
  remove: "Delete",
  textCopied: "Text copied",
  message: "Message",
  edited: "edited",
  editedAt: "Edited {time}",
  messageDeleted: "Message deleted",
  undo: "Undo",
  editing: "Edit message",
  save: "Save",
  replyDeleted: "Deleted message",
  goToMessage: "Go to message",
  talkNeedsName: "Choose a name to reply or react.",
};
