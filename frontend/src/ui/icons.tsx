import type { ComponentChildren } from "preact";

export function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const BackIcon = () => (
  <Icon>
    <path d="M15 5l-7 7 7 7" />
  </Icon>
);
export const LinkIcon = () => (
  <Icon>
    <path d="M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7L12 6.3" />
    <path d="M14 10a4 4 0 0 0-5.7 0l-3.1 3.100a4 4 0 0 0 5.7 5.700L12 17.7" />
  </Icon>
);
export const CopyIcon = () => (
  <Icon>
    <rect x="9" y="9" width="11" height="11" rx="2" />
    <path d="M5.500 15H5a1.500 1.500 0 0 1-1.500-1.500V5A1.500 1.500 0 0 1 5 3.500h8.500A1.500 1.500 0 0 1 15 5v.5" />
  </Icon>
);
export const CheckIcon = () => (
  <Icon>
    <path d="M5 12.500l4.5 4.500L19 7.5" />
  </Icon>
);
export const PeopleIcon = () => (
  <Icon>
    <circle cx="9" cy="8" r="3.5" />
    <path d="M2.5 20c.5-3.5 3-5.5 6.5-5.500s6 2 6.5 5.5" />
    <path d="M16 4.800a3.5 3.5 0 0 1 0 6.400M18 14.900c2 .8 3.2 2.6 3.5 5.1" />
  </Icon>
);
export const MoreIcon = () => (
  <Icon>
    <circle class="fill" cx="12" cy="5.5" r="1" />
    <circle class="fill" cx="12" cy="12" r="1" />
    <circle class="fill" cx="12" cy="18.5" r="1" />
  </Icon>
);
export const LeaveIcon = () => (
  <Icon>
    <path d="M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M15 8l4 4-4 4M19 12H9.5" />
  </Icon>
);
export const SendIcon = () => (
  <Icon>
    <path class="fill" d="M4 4.500l16.5 7.500L4 19.500l2.2-6.300L14 12l-7.8-1.200z" />
  </Icon>
);
export const ClockIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8" />
    <path d="M12 7.500V12l3 2" />
  </Icon>
);
export const AlertIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="9" />
    <path d="M12 7.500v5.500M12 16.200v.3" />
  </Icon>
);
export const CallIcon = () => (
  <Icon>
    <rect x="2.5" y="6" width="13" height="12" rx="2.5" />
    <path d="M15.5 11l5.500-3.500v9L15.500 13" />
  </Icon>
);
export const ReactIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M8.5 14.200c1 1.300 2.200 1.900 3.500 1.900s2.500-.6 3.500-1.900M9 9.500v.6M15 9.500v.6" />
  </Icon>
);
export const ReplyIcon = () => (
  <Icon>
    <path d="M9.500 6L4 11.500l5.500 5.500M4.500 11.500H14a6 6 0 0 1 6 6v1" />
  </Icon>
);
export const PlusIcon = () => (
  <Icon>
    <path d="M12 6v12M6 12h12" />
  </Icon>
);
export const RoomsIcon = () => (
  <Icon>
    <path d="M4 6.500h16M4 12h16M4 17.500h10" />
  </Icon>
);
export const SearchIcon = () => (
  <Icon>
    <circle cx="10.500" cy="10.500" r="6" />
    <path d="M15 15l5 5" />
  </Icon>
);
export const ColumnIcon = () => (
  <Icon>
    <rect x="3.500" y="5" width="17" height="14" rx="2" />
    <path d="M9.500 5v14" />
  </Icon>
);
