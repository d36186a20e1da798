import { Icon } from "./icons.tsx";

export const CloseIcon = () => (
  <Icon>
    <path d="M6 6l12 12M18 6L6 18" />
  </Icon>
);
export const EditIcon = () => (
  <Icon>
    <path d="M5 19l1-4L16.500 4.500a2.100 2.100 0 0 1 3 3L9 18l-4 1zM14 7l3 3" />
  </Icon>
);
export const TrashIcon = () => (
  <Icon>
    <path d="M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7M10.300 11v5M13.700 11v5" />
  </Icon>
);
export const MutedIcon = () => (
  <Icon>
    <path d="M6.500 10a5.500 5.500 0 0 1 9-4.200M17.500 10v3.500l1.500 3H8M10 19.500a2 2 0 0 0 4 0M4 4l16 16" />
  </Icon>
);
export const UpIcon = () => (
  <Icon>
    <path d="M12 19V5M6 11l6-6 6 6" />
  </Icon>
);
export const MentionIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="3.8" />
    <path d="M15.8 8.200v5.300c0 3.200 4.700 3 4.700-1.500a8.500 8.500 0 1 0-3.500 6.900" />
  </Icon>
);
export const DownIcon = () => (
  <Icon>
    <path d="M12 5v13M6 12.500l6 6 6-6" />
  </Icon>
);
