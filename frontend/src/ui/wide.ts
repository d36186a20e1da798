/** From here on there is room for lists beside the messages. */
export const WIDE = "(min-width: 900px)";
