// Intervals asked and given, by length: two bars a class, told apart by fill and by name.
import type { Window } from "./api";
import { Empty } from "./states";
import { count, duration } from "./words";

type Classes = Window["heartbeats"];

/** Classes with nobody at both ends only make the others narrow. */
export function trimmed(all: Classes): Classes {
  const used = all.map((c) => c.asked + c.given > 0);
  return all.slice(used.indexOf(true) < 0 ? all.length : used.indexOf(true), used.lastIndexOf(true) + 1);
}

export function nameOf(c: Classes[number], all: Classes): string {
  return c.up_to_seconds > 0 ? `≤ ${duration(c.up_to_seconds)}` : `> ${duration(all.at(-2)?.up_to_seconds ?? 0)}`;
}

export function Histogram({ of }: { of: Classes }) {
  const shown = trimmed(of);
  if (shown.length === 0) return <Empty>No wait began.</Empty>;
  const most = Math.max(...shown.flatMap((c) => [c.asked, c.given]));
  return (
    <>
      <p class="key"><span class="box warn" aria-hidden="true" /> asked <span class="box calm" aria-hidden="true" /> given</p>
      <ol class="histogram">
        {shown.map((c) => (
          <li key={c.up_to_seconds}>
            <span class="name">{nameOf(c, of)}</span>
            <svg viewBox="0 0 100 18" preserveAspectRatio="none" height="18" aria-hidden="true">
              <rect class="warn" width={(100 * c.asked) / most} height="8" />
              <rect class="calm" y="10" width={(100 * c.given) / most} height="8" />
            </svg>
            <span class="figures"><span class="unseen">asked </span>{count(c.asked)} <span class="dim" aria-hidden="true">/</span> <span class="unseen">given </span>{count(c.given)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}
