// Tables that can be sorted, searched and paged; the order and the place stand in the address.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Page } from "./api";
import { place, refine } from "./route";
import { count } from "./words";

export interface Column<T> {
  title: string;
  sort?: string; // the API's name for it
  number?: boolean;
  wide?: boolean; // left out where the screen is narrow
  cell: (item: T) => ComponentChildren;
}

/** The direction that a click on a column gives: down first where large figures matter most. */
export function turned(sort: string, order: string, clicked: string, number: boolean): { sort: string; order: string } {
  const first = number ? "desc" : "asc";
  if (sort !== clicked) return { sort: clicked, order: first };
  return order === first ? { sort: clicked, order: first === "asc" ? "desc" : "asc" } : { sort: "", order: "" };
}

function Head<T>({ column }: { column: Column<T> }) {
  const { sort = "", order = "" } = place.value.query;
  const sorted = column.sort !== undefined && sort === column.sort;
  const direction = sorted ? (order === "desc" ? "descending" : "ascending") : undefined;
  const kind = `${column.number ? "number" : ""} ${column.wide ? "wide" : ""}`;
  if (!column.sort) return <th scope="col" class={kind}>{column.title}</th>;
  return (
    <th scope="col" class={kind} {...(direction ? { "aria-sort": direction } : {})}>
      <button type="button" class="sort" onClick={() => refine({ ...turned(sort, order, column.sort!, !!column.number), offset: 0 })}>
        {column.title} <span aria-hidden="true">{direction === "descending" ? "▾" : direction ? "▴" : ""}</span>
      </button>
    </th>
  );
}

export function Table<T>({ label, columns, items, keyOf }: { label: string; columns: Column<T>[]; items: T[]; keyOf: (item: T, i: number) => string }) {
  return (
    <div class="scroll" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead><tr>{columns.map((c) => <Head key={c.title} column={c} />)}</tr></thead>
        <tbody>
          {items.map((item, i) => (
            <tr key={keyOf(item, i)}>
              {columns.map((c) => <td key={c.title} class={`${c.number ? "number" : ""} ${c.wide ? "wide" : ""}`}>{c.cell(item)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Pager({ page, of }: { page: Page; of: string }) {
  const last = Math.min(page.total, page.offset + page.limit);
  return (
    <nav class="pager" aria-label="Parts of the list">
      <span role="status">{page.total === 0 ? `No ${of}` : `${count(page.offset + 1)} to ${count(last)} of ${count(page.total)} ${of}`}</span>
      <button type="button" disabled={page.offset === 0} onClick={() => refine({ offset: Math.max(0, page.offset - page.limit) })}>Back</button>
      <button type="button" disabled={!page.more} onClick={() => refine({ offset: page.offset + page.limit })}>Next</button>
    </nav>
  );
}

/** Waits a moment after each letter: whoever types a name asks once, not nine times. */
const typing = 80;

export function Search({ label }: { label: string }) {
  const q = place.value.query["q"] ?? "";
  const [text, setText] = useState(q);
  useEffect(() => {
    if (text === (place.value.query["q"] ?? "")) return;
    const timer = setTimeout(() => refine({ q: text, offset: 0 }), typing);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => setText(q), [q]);
  return (
    <label class="search">
      <span>{label}</span>
      <input type="search" maxLength={200} spellcheck={false} autocomplete="off" value={text} onInput={(e) => setText(e.currentTarget.value)} />
    </label>
  );
}
