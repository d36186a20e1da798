/** What is loaded once somebody asks for some of it, in one file: see parts.ts. */
export { CallBanner } from "./call/call_banner.tsx";
export { FailureLine, Refused, Waiting } from "./conversation/failures.tsx";
export { Layers } from "./conversation/layers.tsx";
export { MessageBar } from "./conversation/message_bar.tsx";
export { WritingBar } from "./conversation/writing_bar.tsx";
export { Diagnostics } from "./diagnostics.tsx";
export { ListButtons } from "./list_buttons.tsx";
export { MenuBox } from "./menu_box.tsx";
export { PeopleList } from "./people.tsx";
export { PeopleSheet } from "./people_sheet.tsx";
export { PresenceLine } from "./presence_line.tsx";
export { ProblemText } from "./problem_text.tsx";
export { RoomsDrawer } from "./rooms/rooms_drawer.tsx";
export { RoomsList } from "./rooms/rooms_list.tsx";
export { Actions } from "./rooms/row_actions.tsx";
export { SignInLink } from "./sign_in_link.tsx";
export { StartScreen } from "./start_screen.tsx";
