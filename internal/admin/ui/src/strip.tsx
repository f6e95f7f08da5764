// The last waits of a device as a strip: one cell each, as high as the wait was long, in the
// colour and with the mark of its outcome.
import type { Wait } from "./api";
import { fate, proven } from "./outcome";
import { duration } from "./words";

/** The height of a cell in percent, by the longest wait of the strip; none is so low that its mark does not fit. */
export function height(held: number, longest: number): number {
  return longest > 0 ? Math.round(46 + 54 * Math.min(1, held / longest)) : 46;
}

export function told(wait: Wait): string {
  return `${fate(wait).word} after ${duration(wait.held_seconds)} of ${duration(wait.given_seconds)}, delivery ${proven(wait.proof).word}`;
}

/** Takes waits as the API gives them, the youngest first, and shows them as time runs. */
export function Strip({ waits: given }: { waits: Wait[] }) {
  const waits = given.toReversed();
  if (waits.length === 0) return <span class="dim">none yet</span>;
  const longest = Math.max(...waits.map((w) => w.held_seconds));
  return (
    <span class="strip" role="img" aria-label={`Last ${waits.length} waits, the youngest last: ${waits.map(told).join("; ")}`}>
      {waits.map((wait, i) => (
        <svg key={i} class={`cell ${fate(wait).tone}`} viewBox="0 0 14 26" width="14" height="26">
          <title>{told(wait)}</title>
          <rect x="0.5" width="13" rx="2" y={26 - 0.26 * height(wait.held_seconds, longest)} height={0.26 * height(wait.held_seconds, longest)} />
          <text x="7" y="24" text-anchor="middle">{fate(wait).mark}</text>
        </svg>
      ))}
    </span>
  );
}

/** The mark of an outcome with its word, for lists. */
export function Mark({ of }: { of: { word: string; mark: string; tone: string; says: string } }) {
  return <span class={`mark ${of.tone}`} title={of.says}><span aria-hidden="true">{of.mark}</span> {of.word}</span>;
}
