// Where we are, kept behind the # of the address: every view can be bookmarked and sent to
// a colleague, and the server needs to know of none of them.
import { signal } from "@preact/signals";

export interface Place { page: string; name: string; query: Record<string, string> }

/** "#/networks/10.0.0.0%2F24?http=2" in its parts. What cannot be read is the first page. */
export function parse(hash: string): Place {
  const [path = "", search = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const [page = "", ...rest] = path.split("/");
  try {
    return { page: page || "fleet", name: decodeURIComponent(rest.join("/")), query: Object.fromEntries(new URLSearchParams(search)) };
  } catch {
    return { page: "fleet", name: "", query: {} };
  }
}

export function href(page: string, name = "", query: Record<string, string | number> = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== "" && value !== 0);
  const search = new URLSearchParams(pairs.map(([k, v]) => [k, String(v)])).toString();
  return `#/${page}${name ? `/${encodeURIComponent(name)}` : ""}${search ? `?${search}` : ""}`;
}

export const place = signal<Place>(parse(""));

export function follow(): void {
  const now = () => { place.value = parse(location.hash); };
  addEventListener("hashchange", now);
  now();
}

/** Changes the query of this page without a step in the browser's history: typing is no journey. */
export function refine(change: Record<string, string | number>): void {
  const { page, name, query } = place.value;
  const hash = href(page, name, { ...query, ...change });
  globalThis.history.replaceState(null, "", hash);
  place.value = parse(hash);
}
