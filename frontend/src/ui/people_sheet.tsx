import { Dialog } from "./dialog.tsx";
import { PeopleList, type PeopleListProps } from "./people.tsx";

export interface PeopleSheetProps extends PeopleListProps {
  title: string;
  onClose(): void;
}

/**
 * Who is in the room, where there is no room for that at the side. What is done about somebody is
 * said in the room, so the list makes way for it.
 */
export function PeopleSheet({ title, onClose, onAbout, ...people }: PeopleSheetProps) {
  return (
    <Dialog title={title} kind="sheet" onClose={onClose}>
      <PeopleList
        {...people}
        onAbout={(person, at) => {
          onClose();
          onAbout(person, at);
        }}
      />
    </Dialog>
  );
}
