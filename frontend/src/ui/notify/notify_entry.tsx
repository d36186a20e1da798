import { useEffect, useState } from "preact/hooks";
import { usePage } from "../context.ts";

type FieldsModule = typeof import("./notify_fields.tsx");

/** The part of the menu about notifications. It is loaded when the menu is opened. */
export function NotifyEntry({ room }: { room: string }) {
  const { words } = usePage();
  const [module, setModule] = useState<FieldsModule>();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let gone = false;
    import("./notify_fields.tsx").then(
      (loaded) => gone || setModule(loaded),
      () => gone || setFailed(true),
    );
    return () => {
      gone = true;
    };
  }, []);
  if (failed) return <p class="problem">{words.text("partNotLoaded")}</p>;
  return module && <module.NotifyFields room={room} />;
}
