import { Dialog } from "./dialog.tsx";
import { PeopleList, type PeopleListProps } from "./people.tsx";

export interface PeopleSheetProps extends PeopleListProps {
  title: string;
  onClose(): void;
}

/** Who is in the room, where there is no room for that at the side. */
export function PeopleSheet({ title, onClose, ...people }: PeopleSheetProps) {
  return (
    <Dialog title={title} kind="sheet" onClose={onClose}>
      <PeopleList {...people} />
    </Dialog>
  );
}
