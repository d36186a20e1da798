import { Icon } from "../icons.tsx";

export const FileIcon = () => (
  <Icon>
    <path d="M6 3.500h8l4.500 4.500v12.500H6zM14 3.500V8h4.500" />
  </Icon>
);
export const DownloadIcon = () => (
  <Icon>
    <path d="M12 4v11M7 10.500l5 5 5-5M5 20h14" />
  </Icon>
);
export const PlayIcon = () => (
  <Icon>
    <path class="fill" d="M8 5.500l11 6.500-11 6.500z" />
  </Icon>
);
export const PauseIcon = () => (
  <Icon>
    <path d="M9 6v12M15 6v12" />
  </Icon>
);
export const MicIcon = () => (
  <Icon>
    <rect x="9" y="3.500" width="6" height="11" rx="3" />
    <path d="M5.500 11.500a6.500 6.500 0 0 0 13 0M12 18v3" />
  </Icon>
);
export const RetryIcon = () => (
  <Icon>
    <path d="M19 12a7 7 0 1 1-2.200-5.100M19 4v4h-4" />
  </Icon>
);
export const ZoomInIcon = () => (
  <Icon>
    <circle cx="10.500" cy="10.500" r="6" />
    <path d="M15 15l5 5M10.500 8v5M8 10.500h5" />
  </Icon>
);
export const ZoomOutIcon = () => (
  <Icon>
    <circle cx="10.500" cy="10.500" r="6" />
    <path d="M15 15l5 5M8 10.500h5" />
  </Icon>
);
export const NextIcon = () => (
  <Icon>
    <path d="M9 5l7 7-7 7" />
  </Icon>
);
