// Bars made of the page itself: a share of a whole, and one figure before and after.
import type { ComponentChildren } from "preact";
import type { Tone } from "./outcome";
import { count, percent } from "./words";

export interface Part { name: string; mark: string; tone: Tone; says: string; count: number }

/** One bar of shares with its legend, which has the figures. */
export function Shares({ parts, label }: { parts: Part[]; label: string }) {
  const total = parts.reduce((sum, p) => sum + p.count, 0);
  let from = 0;
  return (
    <div class="shares">
      <svg viewBox="0 0 1000 20" preserveAspectRatio="none" width="100%" height="20" role="img" aria-label={`${label}: ${parts.map((p) => `${p.name} ${count(p.count)}`).join(", ")}`}>
        {parts.map((p) => {
          const x = from, width = (1000 * p.count) / Math.max(1, total);
          from += width;
          return <rect key={p.name} class={p.tone} x={x + 1} y="0" width={Math.max(0, width - 2)} height="20" />;
        })}
      </svg>
      <ul class="legend">
        {parts.map((p) => (
          <li key={p.name}><span class={`mark ${p.tone}`} title={p.says}><span aria-hidden="true">{p.mark}</span> {p.name}</span> {count(p.count)} <span class="dim">{percent(p.count / Math.max(1, total))}</span></li>
        ))}
      </ul>
    </div>
  );
}

/** A figure before and after, as two bars by one measure. */
export function Pair({ title, before, after, say, better, children }: {
  title: string; before: number; after: number; say: (n: number) => string; better: "more" | "less"; children?: ComponentChildren;
}) {
  const most = Math.max(before, after, 1e-9);
  const change = verdict(before, after, better);
  return (
    <section class="card pair">
      <h2>{title}</h2>
      {([["before", before], ["after", after]] as const).map(([name, value]) => (
        <div class="row" key={name}>
          <span class="dim">{name}</span>
          <svg viewBox="0 0 100 10" preserveAspectRatio="none" height="14" aria-hidden="true"><rect class={name === "before" ? "plain" : change.tone} width={(100 * value) / most} height="10" /></svg>
          <output>{say(value)}</output>
        </div>
      ))}
      <p class={`mark ${change.tone}`}><span aria-hidden="true">{change.mark}</span> {change.word}</p>
      {children}
    </section>
  );
}

/** What a change means, by whether more or less of it is wanted. */
export function verdict(before: number, after: number, better: "more" | "less"): { word: string; mark: string; tone: Tone } {
  const change = before > 0 ? (after - before) / before : after > 0 ? Infinity : 0;
  if (Math.abs(change) < 0.005) return { word: "no change", mark: "=", tone: "plain" };
  const good = change > 0 === (better === "more");
  const much = Number.isFinite(change) ? percent(Math.abs(change)) : "from nothing";
  return { word: `${much} ${change > 0 ? "more" : "less"}`, mark: change > 0 ? "▲" : "▼", tone: good ? "good" : "bad" };
}
