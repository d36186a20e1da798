import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useFocusInRows } from "./focus.ts";

export interface Column<Row> {
  key: string;
  label: string;
  cell(row: Row): ComponentChildren;
  /** Numbers stand at the right. */
  number?: boolean;
  /** Can be sorted by it: what is the case now. */
  sort?: { now: "ascending" | "descending" | undefined; toggle(): void };
  /** Its cells are the names of the rows. */
  head?: boolean;
}

export interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf(row: Row): string;
  testId: string;
  busy?: boolean;
  /** Nothing in it can have the focus: where it is too wide, it is scrolled by keyboard all the same. */
  still?: boolean;
}

/**
 * A table, which is a list of cards on a phone. Its roles are spelled out: browsers drop those of a
 * table that is not laid out as one.
 */
export function Table<Row>({ label, columns, rows, keyOf, testId, busy, still }: TableProps<Row>) {
  const box = useRef<HTMLDivElement>(null);
  useFocusInRows(box);
  return (
    <div
      ref={box}
      class="table-box"
      {...(still ? { tabIndex: 0, role: "region", "aria-label": label } : {})}
    >
      {/* biome-ignore-start lint/a11y/noRedundantRoles: see above */}
      <table role="table" class="cards" aria-label={label} aria-busy={busy} data-testid={testId}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ key, label, number, sort }) => (
              <th
                key={key}
                role="columnheader"
                scope="col"
                class={number ? "number" : undefined}
                aria-sort={sort === undefined ? undefined : (sort.now ?? "none")}
              >
                {sort === undefined ? (
                  label
                ) : (
                  <button
                    type="button"
                    class="sort"
                    data-testid={`sort-${key}`}
                    onClick={sort.toggle}
                  >
                    {label}
                    <span class="sort-sign" aria-hidden="true">
                      {sort.now === "ascending" ? "↑" : sort.now === "descending" ? "↓" : "↕"}
                    </span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row" data-key={keyOf(row)}>
              {columns.map(({ key, label, cell, number, head }) => {
                const Cell = head ? "th" : "td";
                return (
                  <Cell
                    key={key}
                    role={head ? "rowheader" : "cell"}
                    {...(head ? { scope: "row" } : {})}
                    class={`${number ? "number" : ""} of-${key}`}
                  >
                    <span class="cell-label" aria-hidden="true">
                      {label}
                    </span>
                    <span class="cell-value">{cell(row)}</span>
                  </Cell>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {/* biome-ignore-end lint/a11y/noRedundantRoles: see above */}
    </div>
  );
}
