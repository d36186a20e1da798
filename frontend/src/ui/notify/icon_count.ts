interface Badge {
  setAppBadge?(count: number): Promise<void>;
  clearAppBadge?(): Promise<void>;
}

/** Shows how many messages are not read: on the installed app's icon, and a dot on the tab's. */
export function showCount(count: number): void {
  const badge = navigator as Badge;
  const done = count > 0 ? badge.setAppBadge?.(count) : badge.clearAppBadge?.();
  done?.catch(() => {}); // it is not installed
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const address = count > 0 ? "./favicon-unread.svg" : "./favicon.svg";
  if (icon !== null && icon.getAttribute("href") !== address) icon.setAttribute("href", address);
}
