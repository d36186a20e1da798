import { Icon } from "../icons.tsx";

export { CallIcon as CameraIcon } from "../icons.tsx";

export const CameraOffIcon = () => (
  <Icon>
    <path d="M15.500 13v2.500a2.500 2.500 0 0 1-2.500 2.500H5a2.500 2.500 0 0 1-2.500-2.500v-7A2.500 2.500 0 0 1 5 6M9.500 6H13a2.500 2.500 0 0 1 2.500 2.500V11l5.500-3.500v9" />
    <path d="M3 3l18 18" />
  </Icon>
);
export const MicrophoneIcon = () => (
  <Icon>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.500 11.500a6.500 6.500 0 0 0 13 0M12 18v3" />
  </Icon>
);
export const MicrophoneOffIcon = () => (
  <Icon>
    <path d="M9 9V6a3 3 0 0 1 6 0v5M14.200 13.200A3 3 0 0 1 9 11.500" />
    <path d="M5.500 11.500a6.500 6.500 0 0 0 11 4.700M18.500 11.500a6.500 6.500 0 0 1-.4 2.200M12 18v3M3 3l18 18" />
  </Icon>
);
export const ScreenIcon = () => (
  <Icon>
    <rect x="2.500" y="4" width="19" height="13" rx="2" />
    <path d="M8.500 21h7M12 14V7.500M9 10l3-3 3 3" />
  </Icon>
);
export const ScreenStopIcon = () => (
  <Icon>
    <rect x="2.500" y="4" width="19" height="13" rx="2" />
    <path d="M8.500 21h7M9.500 8l5 5M14.500 8l-5 5" />
  </Icon>
);
export const DevicesIcon = () => (
  <Icon>
    <path d="M4 7h9M17 7h3M4 17h3M11 17h9" />
    <circle cx="15" cy="7" r="2" />
    <circle cx="9" cy="17" r="2" />
  </Icon>
);
export const HangUpIcon = () => (
  <Icon>
    <path
      class="fill"
      d="M12 9c-3.500 0-6.600.9-8.600 2.500-1.200 1-1.200 2.600-.6 4 .3.6.9.8 1.500.6l2.700-.8c.5-.2.9-.6.9-1.200v-1.600c1.200-.4 2.600-.6 4.100-.6s2.900.2 4.100.6v1.600c0 .6.4 1 .9 1.200l2.700.8c.6.2 1.200 0 1.500-.6.6-1.400.6-3-.6-4C18.600 9.900 15.500 9 12 9z"
    />
  </Icon>
);
export const SpeakingIcon = () => (
  <Icon>
    <path d="M5 10v4M9 7v10M13 9.500v5M17 5.500v13M21 10v4" />
  </Icon>
);
export const WeakIcon = () => (
  <Icon>
    <path d="M4 19v-3M9 19v-6" />
    <path d="M14 15v-5M14 19v-.3M19 15V6M19 19v-.3" />
  </Icon>
);
export const SoundIcon = () => (
  <Icon>
    <path d="M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11" />
  </Icon>
);
