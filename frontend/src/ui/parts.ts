import { type ComponentProps, type ComponentType, h } from "preact";
import { withWords } from "./i18n/more.ts";
import { onDemand } from "./on_demand.ts";

/** What reading a room does not need: it is loaded after that, or once some of it is to be shown. */
export const later = onDemand(withWords(() => import("./later.ts")));

type Later = typeof import("./later.ts");

/**
 * A component of it. Where it can't be had, what somebody has opened, and so can close, is closed
 * again; anything else is shown once it is there.
 */
function part<Name extends keyof Later>(name: Name) {
  type Props = ComponentProps<Later[Name]>;
  return (props: Props & { onClose?: () => void }) => {
    const module = later.use(true, props.onClose);
    return module === undefined ? null : h(module[name] as ComponentType<object>, props);
  };
}

export const Actions = part("Actions");
export const CallBanner = part("CallBanner");
export const Diagnostics = part("Diagnostics");
export const FailureLine = part("FailureLine");
export const Layers = part("Layers");
export const ListButtons = part("ListButtons");
export const MenuBox = part("MenuBox");
export const MessageBar = part("MessageBar");
export const PeopleList = part("PeopleList");
export const PeopleSheet = part("PeopleSheet");
export const PresenceLine = part("PresenceLine");
export const ProblemText = part("ProblemText");
export const Refused = part("Refused");
export const RoomsDrawer = part("RoomsDrawer");
export const RoomsList = part("RoomsList");
export const SignInLink = part("SignInLink");
export const Waiting = part("Waiting");
export const WritingBar = part("WritingBar");
