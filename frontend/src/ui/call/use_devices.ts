import { useEffect, useState } from "preact/hooks";
import { type DeviceList, listDevices, NO_DEVICES } from "./devices.ts";

/**
 * The devices there are. They are looked up again when one is plugged in, and when `change`
 * changes: names come with permission.
 */
export function useDevices(change: unknown): DeviceList {
  const [list, setList] = useState<DeviceList>(NO_DEVICES);
  useEffect(() => {
    let gone = false;
    const look = async () => {
      const found = await listDevices();
      if (!gone) setList(found);
    };
    void look();
    const media = navigator.mediaDevices;
    media?.addEventListener("devicechange", look);
    return () => {
      gone = true;
      media?.removeEventListener("devicechange", look);
    };
  }, [change]);
  return list;
}
