// The figures of a device's timeline, the oldest first.
import type { PastWait } from "./api";
import { fate } from "./outcome";

export interface Series { at: number[]; asked: (number | null)[]; given: (number | null)[]; held: number[] }

/** Two waits may end in the same second (a Ping and a Sync), and uPlot wants moments that grow. */
export function series(past: PastWait[]): Series {
  const s: Series = { at: [], asked: [], given: [], held: [] };
  let last = -Infinity;
  for (const wait of past.toReversed()) {
    const at = Math.max(Date.parse(wait.ended) / 1000, last + 0.001);
    last = at;
    s.at.push(at);
    // 0 is "not known" and would draw a fall to the floor that never was.
    s.asked.push(wait.asked_seconds || null);
    s.given.push(wait.given_seconds || null);
    s.held.push(wait.held_seconds);
  }
  return s;
}

/** Where the network or the rule changed from one wait to the next, for the marks below the picture. */
export function changes(past: PastWait[]): { ended: string; text: string }[] {
  const found: { ended: string; text: string }[] = [];
  past.toReversed().forEach((wait, i, all) => {
    const before = all[i - 1];
    if (before && before.network !== wait.network) found.push({ ended: wait.ended, text: `came from ${wait.network} instead of ${before.network}` });
    if (before && before.rule !== wait.rule) found.push({ ended: wait.ended, text: `rule ${wait.rule} decided instead of ${before.rule}` });
  });
  return found.toReversed();
}

/** The youngest waits, which come anew as others end, and those that were there when older ones
 * were asked for: what has moved out of the youngest meanwhile is among the second. */
export function joined(youngest: PastWait[], before: PastWait[]): PastWait[] {
  const oldest = youngest.at(-1)?.ended ?? "9";
  return [...youngest, ...before.filter((w) => w.ended < oldest)];
}

/** How many waits ended how, in words, the most frequent first. */
export function tally(past: PastWait[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { word } of past.map(fate)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
}
